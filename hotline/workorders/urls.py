"""Addresses under /orders/. Words first: an order's number never collides with them, it begins with a date or prefix."""

from django.urls import path, register_converter

from hotline.workorders.views import acts, board, bulk, configure, files, find, inbox, lists, orders


class Number:
    """An order's number as stored."""

    regex = r"[A-Z]{0,6}\d{8}-\d{6,9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Number, "order_number")
app_name = "workorders"

urlpatterns = [
    path("", lists.order_list, name="list"),
    path("views/save/", lists.save_view, name="save_view"),
    path("views/<int:view_id>/delete/", lists.delete_view, name="delete_view"),
    path("export/<str:kind>/", lists.export, name="export"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("inbox/", inbox.page, name="inbox"),
    path("inbox/sign/", inbox.sign_many, name="sign_many"),
    path("supervision/", board.page, name="supervision"),
    path("supervision/cases/<int:supervision_id>/", board.case, name="case"),
    path("search/", lists.search, name="search"),
    path("find/units/", find.units, name="find_units"),
    path("find/people/", find.people, name="find_people"),
    path("find/categories/", find.categories, name="find_categories"),
    path("files/<int:attachment_id>/", files.download, name="file"),
    path("files/<int:attachment_id>/small/", files.thumbnail, name="thumbnail"),
    path("files/<int:attachment_id>/remove/", files.remove, name="remove_file"),
    path("configure/categories/", configure.categories, name="configure_categories"),
    path("configure/categories/new/", configure.category_form, name="new_category"),
    path("configure/categories/<int:category_id>/", configure.category_form, name="edit_category"),
    path("configure/categories/<int:category_id>/move/", configure.move_category, name="move_category"),
    path("configure/categories/<int:category_id>/retire/", configure.retire_category, name="retire_category"),
    path("configure/reasons/", configure.reason_list, name="configure_reasons"),
    path("configure/reasons/new/", configure.reason_form, name="new_reason"),
    path("configure/reasons/<int:reason_id>/", configure.reason_form, name="edit_reason"),
    path("configure/scripts/", configure.script_list, name="configure_scripts"),
    path("configure/scripts/new/", configure.script_form, name="new_script"),
    path("configure/scripts/<int:script_id>/", configure.script_form, name="edit_script"),
    path("configure/city/", configure.city_settings, name="configure_city"),
    path("<order_number:number>/", orders.detail, name="detail"),
    path("<order_number:number>/timeline/", orders.timeline_part, name="timeline"),
    path("<order_number:number>/related/", orders.related_part, name="related"),
    path("<order_number:number>/related/<int:link_id>/unlink/", orders.unlink, name="unlink"),
    path("<order_number:number>/why/<int:clock_id>/", orders.why, name="why"),
    path("<order_number:number>/access/", orders.access_page, name="access"),
    path("<order_number:number>/reveal/", orders.reveal, name="reveal"),
    path("<order_number:number>/call/", orders.call_citizen, name="call_citizen"),
    path("<order_number:number>/presence/", orders.presence, name="presence"),
    path("<order_number:number>/present/", orders.presence_part, name="present"),
    path("photos/<int:order_id>/", files.photos, name="photos"),
    path("<order_number:number>/files/", files.upload, name="upload"),
    path("<order_number:number>/do/<slug:verb>/", acts.act, name="act"),
]
