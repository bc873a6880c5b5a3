"""What guards the site, read for settings.py: https, proxies, how often one may ask, who proves who somebody is.

Each function returns settings of Django or of a library, by their names.
"""

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from photolab_site import env

A_YEAR_S = 365 * 24 * 60 * 60
OIDC = "oidc"  # in the address that the other server sends people back to: /accounts/oidc/oidc/login/callback/


def read_https(origins: list[str]) -> dict[str, Any]:
    """By the origins that are trusted. Behind a proxy only its own headers say how a visitor came."""
    only_https = bool(origins) and all(origin.startswith("https://") for origin in origins)
    forced = env.read_flag("PHOTOLAB_HTTPS", False)
    if forced and not only_https:
        raise ImproperlyConfigured("PHOTOLAB_HTTPS: needs CSRF_TRUSTED_ORIGINS, each of which begins with https://")
    proxies = env.read_whole_number("PHOTOLAB_PROXIES", 0)
    return {
        "SESSION_COOKIE_SECURE": only_https,
        "CSRF_COOKIE_SECURE": only_https,
        "LANGUAGE_COOKIE_SECURE": only_https,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "LANGUAGE_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,  # scripts take the token from the page's forms
        "SECURE_SSL_REDIRECT": forced,
        "SECURE_REDIRECT_EXEMPT": [r"^healthz$", r"^metrics$"],  # asked from inside, past the proxy
        "SECURE_HSTS_SECONDS": A_YEAR_S if forced else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": forced,
        "SECURE_HSTS_PRELOAD": forced,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if proxies else None,
        "ALLAUTH_TRUSTED_PROXY_COUNT": proxies,
    }


def content_policy(*form_targets: str) -> dict[str, Any]:
    """Nothing inline and nothing foreign, but for forms whose answer leads to `form_targets`."""
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "img-src": [SELF, "data:", "blob:"],
            "style-src": [SELF],
            "script-src": [SELF],
            "object-src": [NONE],
            "base-uri": [SELF],
            "frame-ancestors": [NONE],
            "form-action": [SELF, *form_targets],
        }
    }


def read_accounts() -> dict[str, Any]:
    """How people prove who they are. Rates are counted in the cache, which all web processes share."""
    verified = env.read_flag("PHOTOLAB_VERIFY_EMAIL", False)
    return {
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*" if verified else "email", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory" if verified else "none",
        # Whole families sit behind one address; what guards a password is the limit for each account.
        "ACCOUNT_RATE_LIMITS": {
            "login_failed": "60/m/ip,5/5m/key",
            "share_password": "60/m/ip,5/5m/key",
            "signup": "60/m/ip",
        },
        "MFA_ADAPTER": "gallery.accounts.TwoFactorAdapter",
        "MFA_TOTP_ISSUER": "Photo-Lab",
        "MFA_TOTP_TOLERANCE": 1,  # clocks of telephones are some seconds off
        "MFA_ALLOW_UNVERIFIED_EMAIL": not verified,
    }


def read_oidc() -> tuple[list[str], dict[str, Any]]:
    """The applications and settings for logging in by another server; none without PHOTOLAB_OIDC_SERVER."""
    server = env.read_text("PHOTOLAB_OIDC_SERVER", "").rstrip("/")
    if not server:
        return [], {"CONTENT_SECURITY_POLICY": content_policy()}
    address = urlsplit(server)
    if address.scheme not in ("https", "http") or not address.hostname:
        raise ImproperlyConfigured(f"PHOTOLAB_OIDC_SERVER: {server!r} is not an address that begins with https://")
    client_id = env.read_text("PHOTOLAB_OIDC_CLIENT_ID", "")
    if not client_id:
        raise ImproperlyConfigured("PHOTOLAB_OIDC_CLIENT_ID: is missing, and PHOTOLAB_OIDC_SERVER is set")
    app = {
        "provider_id": OIDC,
        "name": env.read_text("PHOTOLAB_OIDC_NAME", address.hostname),
        "client_id": client_id,
        "secret": env.read_text("PHOTOLAB_OIDC_CLIENT_SECRET", ""),
        "settings": {"server_url": server, "oauth_pkce_enabled": True},
    }
    return ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"], {
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [app]}},
        # Browsers hold a form to this list on its way to the other server, too.
        "CONTENT_SECURITY_POLICY": content_policy(f"{address.scheme}://{address.netloc}"),
    }


def shared_cache(redis_url: str) -> dict[str, Any]:
    """Django's cache at the broker's address, for counting. Celery writes the address of a socket in its own way."""
    address = redis_url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=")
    return {
        "BACKEND": "gallery.shared_cache.SharedCache",
        "LOCATION": address,
        "KEY_PREFIX": "photolab",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
