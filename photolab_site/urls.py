"""The addresses of the site: pages, API, accounts, admin."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

# One login for all, which counts wrong guesses.
admin.site.login = secure_admin_login(admin.site.login)

urlpatterns = [
    path("", include("gallery.urls")),
    path("api/", include("gallery.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]
handler429 = "gallery.limits.too_many_page"
