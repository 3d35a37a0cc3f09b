from django.urls import path

from hotline.ops import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("health", views.health_page, name="health"),
    path("metrics", views.metrics, name="metrics"),
]
