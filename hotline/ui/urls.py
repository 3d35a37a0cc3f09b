from django.urls import path

from hotline.ui import guide, views

app_name = "ui"

urlpatterns = [
    path("ui/language/", views.set_language, name="language"),
    path("ui/size/", views.set_size, name="size"),
    path("ui/city.css", views.city_stylesheet, name="city"),
    path("ui/session/", views.session, name="session"),
    path("ui/signed-in/", views.signed_in, name="signed_in"),
    path("ui/guide/", guide.guide, name="guide"),
]
