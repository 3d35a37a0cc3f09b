"""Doors of the chat seats, under `/chat/`. The citizens' are the portal's, `/help/`."""

from __future__ import annotations

from django.urls import path

from hotline.chat.views import leading, seat

app_name = "chat"
urlpatterns = [
    path("", seat.page, name="seat"),
    path("open/", seat.open_seat, name="open_seat"),
    path("rest/", seat.rest, name="rest"),
    path("close/", seat.close_seat, name="close_seat"),
    path("next/", seat.take_next, name="take_next"),
    path("bar/", seat.bar, name="bar"),
    path("beside/", seat.beside, name="beside"),
    path("<int:chat_id>/", seat.pane, name="pane"),
    path("<int:chat_id>/take/", seat.take, name="take"),
    path("<int:chat_id>/reply/", seat.reply, name="reply"),
    path("<int:chat_id>/pass/", seat.transfer, name="transfer"),
    path("<int:chat_id>/end/", seat.end, name="end"),
    path("<int:chat_id>/appeal/", seat.appeal, name="appeal"),
    path("orders/<int:order_id>/", leading.of_order, name="of_order"),
    path("seats/", leading.seats, name="seats"),
    path("seats/<int:chat_id>/", leading.look_in, name="look_in"),
    path("prepared/", leading.canned, name="canned"),
    path("prepared/rules/", leading.rules, name="rules"),
    path("prepared/<int:canned_id>/", leading.edit_canned, name="edit_canned"),
    path("prepared/<int:canned_id>/retire/", leading.retire_canned, name="retire_canned"),
]
