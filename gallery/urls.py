"""Addresses of the pages. A name is also the name of the view, and of its template where it has one."""

from django.urls import path, re_path

from gallery.views import accounts, changes, health, learning, live, pages, results, stored, versions

urlpatterns = [
    path("", pages.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("photos/", pages.gallery, name="gallery"),
    path("photos/upload/", changes.upload, name="upload"),
    path("photos/sample/", changes.upload_sample, name="upload_sample"),
    path("photos/cards/", pages.photo_cards, name="photo_cards"),
    path("photos/events/", live.photo_events, name="photo_events"),
    path("photos/again/", results.color_again, name="color_again"),
    path("photos/<int:photo_id>/", pages.photo, name="photo"),
    path("photos/<int:photo_id>/status/", pages.photo_status, name="photo_status"),
    path("photos/<int:photo_id>/delete/", changes.photo_delete, name="photo_delete"),
    path("photos/<int:photo_id>/retry/", changes.photo_retry, name="photo_retry"),
    path("photos/<int:photo_id>/again/", results.photo_again, name="photo_again"),
    path("photos/<int:photo_id>/training/", learning.photo_training, name="photo_training"),
    re_path(
        r"^photos/(?P<photo_id>[0-9]+)/files/(?P<kind>original|preview|thumb)/$", stored.photo_file, name="photo_file"
    ),
    path("jobs/<int:job_id>/cancel/", changes.job_cancel, name="job_cancel"),
    path("results/<int:job_id>/accept/", learning.result_accept, name="result_accept"),
    path("results/<int:job_id>/show/", results.result_show, name="result_show"),
    re_path(
        r"^results/(?P<job_id>[0-9]+)/files/(?P<kind>image|preview|thumb)/$", stored.result_file, name="result_file"
    ),
    path("models/", versions.models, name="models"),
    path("models/<int:number>/", versions.model, name="model"),
    path("models/<int:number>/samples/<int:position>/<slug:kind>/", versions.model_sample, name="model_sample"),
    path("accounts/", accounts.account, name="account"),
    path("accounts/training/", learning.account_training, name="account_training"),
    path("accounts/tokens/revoke/", accounts.account_revoke_tokens, name="account_revoke_tokens"),
    path("accounts/delete/", accounts.account_delete, name="account_delete"),
]
