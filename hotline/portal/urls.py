from django.urls import path, re_path

from hotline.portal.views import filing, following, help_pages, shell, snap, uploads, video

app_name = "portal"

urlpatterns = [
    path("", following.home, name="home"),
    path("file/", filing.start, name="file"),
    path("file/again/", filing.restart, name="restart"),
    path("file/upload/", filing.upload, name="upload"),
    path("file/upload/<int:attachment_id>/remove/", filing.take_back, name="take_back"),
    path("file/door/", uploads.door, name="door"),
    path("file/uploads/", uploads.create, name="uploads"),
    path("file/uploads/<str:key>/", uploads.one, name="resumable"),
    path("file/done/", filing.filed, name="filed"),
    re_path(r"^file/(?P<step>words|place|about|contact|check)/$", filing.step, name="file_step"),
    path("help/", help_pages.page, name="help"),
    path("help/say/", help_pages.say, name="help_say"),
    path("help/chat/", help_pages.pane, name="help_pane"),
    path("help/token/", help_pages.token, name="help_token"),
    re_path(r"^help/(?P<verb>person|machine|leave|again)/$", help_pages.act, name="help_act"),
    path("manifest.webmanifest", shell.manifest, name="manifest"),
    path("worker.js", shell.worker, name="worker"),
    path("offline/", shell.offline, name="offline"),
    path("snap/", snap.snap, name="snap"),
    path("snap/places/", snap.places_by_words, name="snap_places"),
    path("snap/offers/", snap.places_of_photos, name="snap_offers"),
    path("look-up/", following.look_up, name="look_up"),
    path("video/", video.video, name="video"),
    path("video/call/", video.video_call, name="video_call"),
    path("me/", following.mine, name="mine"),
    path("me/sign-in/", following.sign_in, name="sign_in"),
    path("me/sign-out/", following.sign_out, name="sign_out"),
    path("a/<str:number>/", following.appeal, name="appeal"),
    path("a/<str:number>/files/<int:attachment_id>/", following.download, name="download"),
    path("a/<str:number>/rate/", following.rate, name="rate"),
    re_path(r"^a/(?P<number>[^/]+)/(?P<verb>supplement|urge|withdraw|contest)/$", following.act, name="act"),
]
