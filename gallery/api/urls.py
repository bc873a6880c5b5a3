"""Addresses of the API, below /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from gallery.api import views

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(), name="api_schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    path("tokens", views.Tokens.as_view(), name="api_tokens"),
    path("photos", views.Photos.as_view(), name="api_photos"),
    path("photos/<int:photo_id>", views.OnePhoto.as_view(), name="api_photo"),
    path("photos/<int:photo_id>/original", views.PhotoOriginal.as_view(), name="api_photo_original"),
    path("photos/<int:photo_id>/result", views.PhotoResult.as_view(), name="api_photo_result"),
    path("jobs/<int:job_id>", views.OneJob.as_view(), name="api_job"),
    path("jobs/<int:job_id>/cancel", views.JobCancel.as_view(), name="api_job_cancel"),
]
