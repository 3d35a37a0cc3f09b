from django.urls import path

from hotline.accounts.views import own, people, sign_in, units

app_name = "accounts"

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.second_factor, name="second_factor"),
    path("sign-in/enrol/", sign_in.enrol, name="enrol"),
    path("sign-in/go-on/", sign_in.go_on, name="go_on"),
    path("sign-in/password/", sign_in.new_password, name="new_password"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("profile/", own.profile, name="profile"),
    path("profile/password/", own.own_password, name="own_password"),
    path("profile/second-factor/", own.own_second_factor, name="own_second_factor"),
    path("profile/recovery-codes/", own.own_recovery_codes, name="own_recovery_codes"),
    path("profile/delegation/", own.own_delegation, name="own_delegation"),
    path("delegations/<int:delegation_id>/end/", own.end_delegation, name="end_delegation"),
    path("sessions/", own.sessions, name="sessions"),
    path("sessions/all/", own.all_sessions, name="all_sessions"),
    path("sessions/end-others/", own.end_other_sessions, name="end_other_sessions"),
    path("sessions/<int:session_id>/end/", own.end_one_session, name="end_session"),
    path("units/", units.units, name="units"),
    path("units/options/", units.unit_options, name="unit_options"),
    path("units/new/", units.new_unit, name="new_unit"),
    path("units/<int:unit_id>/", units.unit, name="unit"),
    path("units/<int:unit_id>/edit/", units.edit_unit, name="edit_unit"),
    path("units/<int:unit_id>/move/", units.move, name="move_unit"),
    path("units/<int:unit_id>/close/", units.close, name="close_unit"),
    path("units/<int:unit_id>/reopen/", units.reopen, name="reopen_unit"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/roles/", people.add_role, name="add_role"),
    path("people/<int:person_id>/roles/<int:membership_id>/end/", people.end_role, name="end_role"),
    path("people/<int:person_id>/password/", people.new_first_password, name="reset_password"),
    path("people/<int:person_id>/second-factor/", people.drop_second_factor, name="reset_second_factor"),
    path("people/<int:person_id>/service/", people.out_of_service, name="out_of_service"),
    path("people/<int:person_id>/delegation/", people.add_delegation, name="add_delegation"),
    path("people/<int:person_id>/sessions/end/", people.end_sessions, name="end_sessions"),
    path("permissions/", people.permissions, name="permissions"),
]
