from django.urls import path

from hotline.exchange import views
from hotline.exchange.api.v1.api import api

app_name = "exchange"

urlpatterns = [
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", views.revoke, name="revoke_token"),
    path("", api.urls),
]
