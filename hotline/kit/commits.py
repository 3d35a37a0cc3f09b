"""Which transactions are over: what readers of a log in commit order (ADR 2) may take."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper


def settled(cursor: CursorWrapper) -> tuple[int, int]:
    """Below which transaction everything of this database is over, and which was next. Two statements, in this order.

    `pg_snapshot_xmin` also waits for transactions of other databases in the cluster, which cannot write our rows. So
    the oldest running one of ours is read after the next one is known: whatever is older is over by then, and the
    statement that follows sees it. Where the role may not see others' transactions, the snapshot's word stands.
    """
    cursor.execute(
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
    )
    xmin, next_xid = cursor.fetchone()
    cursor.execute(
        "SELECT pg_has_role('pg_read_all_stats', 'USAGE') OR NOT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename IS DISTINCT FROM current_user AND backend_type = 'client backend'),"
        " (SELECT array_agg(x::text::bigint) FROM (SELECT backend_xid FROM pg_stat_activity WHERE datname = current_database()"
        " UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()) AS r (x) WHERE x IS NOT NULL)"
    )
    sees_all, running = cursor.fetchone()
    if not sees_all:
        return xmin, next_xid
    # Running transactions come as 32 bits; they began within the 2**31 before the next one.
    whole = [
        next_xid - ((next_xid - short) & 0xFFFFFFFF) if (next_xid - short) & 0x80000000 == 0 else next_xid
        for short in running or ()
    ]
    return min([next_xid, *whole]), next_xid
