from hotline.accounts.permissions import scope_allows


def test_cast(cast):
    a = cast.actor("handler")
    print(a)
    assert scope_allows(a, "workorders:reply", unit_paths=[cast.a.path])
    r = scope_allows(a, "workorders:reply", unit_paths=[cast.street.path])
    print(r)
    assert not r
    assert cast.citizen.phone_mask == "138****1234"
    c = cast.client("handler")
    r = c.get("/ui/session/")
    print(r.content)
