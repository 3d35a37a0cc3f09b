"""Jobs of intake. Idempotent: an import continues where its batch stands."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.accounts.models import Person
from hotline.accounts.queries import actor_for
from hotline.intake import actions


@app.task(name="intake.import_batch", queue="default", queueing_lock=None, pass_context=False)
def import_batch(batch_id: int, person_id: int) -> None:
    """File the rows of a batch as the person who started it."""
    person = Person.objects.get(pk=person_id)
    actions.run_import(actor=actor_for(person), batch_id=batch_id)
