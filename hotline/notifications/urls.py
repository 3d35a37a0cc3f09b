from django.urls import path

from hotline.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("<int:message_id>/send-again", views.send_again, name="send_again"),
]
