"""Addresses of the API, below /api/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from gallery.api import albums, shares, training, variants, views

calls = [
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("tokens", views.Tokens.as_view(), name="api-tokens"),
    path("photos", views.Photos.as_view(), name="api-photos"),
    path("photos/<int:photo_id>", views.OnePhoto.as_view(), name="api-photo"),
    path("photos/<int:photo_id>/original", views.PhotoOriginal.as_view(), name="api-photo-original"),
    path("photos/<int:photo_id>/result", views.PhotoResult.as_view(), name="api-photo-result"),
    path("photos/<int:photo_id>/jobs", variants.PhotoJobs.as_view(), name="api-photo-jobs"),
    path("photos/<int:photo_id>/results", variants.PhotoResults.as_view(), name="api-photo-results"),
    path("albums", albums.Albums.as_view(), name="api-albums"),
    path("albums/<int:album_id>", albums.OneAlbum.as_view(), name="api-album"),
    path("albums/<int:album_id>/photos", albums.AlbumPhotos.as_view(), name="api-album-photos"),
    path("albums/<int:album_id>/download", albums.AlbumDownload.as_view(), name="api-album-download"),
    path("photos/<int:photo_id>/shares", shares.PhotoShares.as_view(), name="api-photo-shares"),
    path("albums/<int:album_id>/shares", shares.AlbumShares.as_view(), name="api-album-shares"),
    path("shares", shares.Shares.as_view(), name="api-shares"),
    path("shares/<int:share_id>", shares.OneShare.as_view(), name="api-share"),
    path("jobs/<int:job_id>", views.OneJob.as_view(), name="api-job"),
    path("jobs/<int:job_id>/result", variants.JobResult.as_view(), name="api-job-result"),
    path("jobs/<int:job_id>/cancel", views.JobCancel.as_view(), name="api-job-cancel"),
    path("collected-images", training.CollectedImages.as_view(), name="api-collected-images"),
    path("training-runs", training.TrainingRuns.as_view(), name="api-training-runs"),
    path("training-runs/<int:run_id>", training.OneTrainingRun.as_view(), name="api-training-run"),
    path("training-runs/<int:run_id>/cancel", training.TrainingRunCancel.as_view(), name="api-training-run-cancel"),
    path("model-versions", training.ModelVersions.as_view(), name="api-model-versions"),
    path("model-versions/<int:version_id>/gate", training.ModelVersionGate.as_view(), name="api-model-version-gate"),
    path(
        "model-versions/<int:version_id>/promote",
        training.ModelVersionPromote.as_view(),
        name="api-model-version-promote",
    ),
]
urlpatterns = [path("v1/", include(calls)), re_path("", views.UnknownAddress.as_view())]
