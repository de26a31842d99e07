"""The addresses of the Django app in ``django_oidc.py``."""

from django.urls import include, path

urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls"))]
