"""What is reserved, spent, bought, and what things cost and took before: sums over rows, and never a counter in the file.

A sum over a run of a hundred thousand rows is not made anew for each of its intents: it is kept in memory, and exact.
It holds while nobody else has committed to the file (``PRAGMA data_version`` tells), each of our own writes changes it
by the difference that it makes to its row, and a rollback throws everything away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.ledger.lasting import LASTED_OF_MODEL, LASTED_OF_SHAPE, read_lasted
from notebookgen.ledger.rows import AttemptRow, changed, from_nano
from notebookgen.settings import Cap

if TYPE_CHECKING:
    import sqlite3

    from notebookgen.ledger.lasting import Lasted
    from notebookgen.records import Generation

__all__ = ["OPEN_STATES", "Sums"]

OPEN = frozenset({"intent", "submitted", "completed", "ambiguous"})
OPEN_STATES = "('intent', 'submitted', 'completed', 'ambiguous')"
FREE = frozenset({"planned", "refused"})
# What an attempt counts for: open, with the larger of its reservation and its charge; over, with what was charged less
# what came back.
COUNTS = f"""coalesce(sum(CASE WHEN state IN {OPEN_STATES} THEN max(coalesce(reserved, 0), coalesce(charged, 0))
    ELSE coalesce(charged, 0) - coalesce(refunded, 0) END), 0)"""
RETURNED = frozenset({"failed", "cancelled"})
# What is a purchase: not what was never accepted, nor what is over and cost nothing.
BOUGHT = """state NOT IN ('planned', 'refused')
    AND NOT (state IN ('failed', 'cancelled') AND charged IS NOT NULL AND charged = coalesce(refunded, 0))"""
COUNTED = frozenset({"state", "unit", "reserved", "charged", "refunded", "basis", "run", "realm", "generation", "at"})


class Sums:
    """The questions about money and time that the engine asks for each intent."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Know nothing yet."""
        self._db = database
        self._memo: dict[tuple[Any, ...], Any] = {}
        self._rows: dict[int, AttemptRow] = {}  # as we wrote them; as long as what is known holds, so do they
        self._new: set[str] = set()  # generations that nobody has ever tried to buy
        self._remembered: set[str] = set()  # generations that are written down: none is ever deleted
        self._version = -1
        self._checked = False  # whether it was looked, within this transaction, if somebody else has committed

    def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def _known(self) -> dict[tuple[Any, ...], Any]:
        """Return what is known and still true."""
        if self._checked and self._db.in_transaction:  # which keeps everybody else out
            return self._memo
        self._checked = True
        row = self._one("PRAGMA data_version")
        version = int(row[0]) if row else -1
        if version != self._version:
            self._forget()
            self._version = version
        return self._memo

    def _forget(self) -> None:
        """Know nothing any more."""
        self._memo.clear()
        self._rows.clear()
        self._new.clear()
        self._remembered.clear()

    # Asked -------------------------------------------------------------------------------------------------------

    def committed(self, *, run: str | None = None, realm: str | None = None, unit: str) -> int:
        """Return what is reserved or spent, in nano-units: a sum over rows.

        An open attempt counts with the larger of its reservation and its charge; one that is over with what was
        charged less what came back.
        """
        known, key = self._known(), ("sum", run, realm, unit)
        if key not in known:
            asked = [(name, value) for name, value in (("run", run), ("realm", realm)) if value is not None]
            clause = "".join(f" AND {name} = ?" for name, _ in asked)
            row = self._one(
                f"SELECT {COUNTS} FROM attempts WHERE unit = ?{clause}",  # noqa: S608 - constants and our own column names
                unit,
                *(value for _, value in asked),
            )
            known[key] = int(row[0]) if row else 0
        return int(known[key])

    def committed_since(self, provider: str, unit: str, day: int) -> int:
        """Return what is reserved or spent with a provider from a day on, in nano-units. The sandbox never counts.

        Args:
            provider: Its name, or ``all``. All of its accounts count: another key is another account to us.
            unit: In what is paid.
            day: The first day, in UTC days since 1970.
        """
        known, key = self._known(), ("since", provider, unit)
        sums: dict[int, int] = known.setdefault(key, {})
        if day not in sums:
            total = 0
            for realm, model in self._paid():
                if _counts_for(provider, realm):
                    row = self._one(
                        f"SELECT {COUNTS} FROM attempts WHERE realm = ? AND model = ? AND unit = ? AND day >= ?",  # noqa: S608 - a constant
                        realm, model, unit, day,
                    )  # fmt: skip
                    total += int(row[0]) if row else 0
            sums[day] = total
        return sums[day]

    def caps(self) -> tuple[tuple[str, Cap], ...]:
        """Return the caps that are kept in the ledger, with the provider (or ``all``) that each is for."""
        known = self._known()
        if ("caps",) not in known:
            rows = self._all("SELECT provider, amount, unit, per FROM caps ORDER BY provider, unit, per")
            known["caps",] = tuple(
                (one["provider"], Cap(from_nano(one["amount"]), one["unit"], one["per"])) for one in rows
            )
        found: tuple[tuple[str, Cap], ...] = known["caps",]
        return found

    def _paid(self) -> list[tuple[str, str]]:
        """Return each realm and model of which there is an attempt: one step along the index for each."""
        found = [("", "")]
        while row := self._one(
            """SELECT realm, model FROM attempts WHERE realm >= ?1 AND (realm, model) > (?1, ?2)
               ORDER BY realm, model LIMIT 1""",
            *found[-1],
        ):
            found.append((row["realm"], row["model"]))
        return found[1:]

    def bought_by(self, run: str) -> int:
        """Return how often a run has bought something, or is buying it; a try that cost nothing for sure is none."""
        known, key = self._known(), ("bought", run)
        if key not in known:
            row = self._one(f"SELECT count(*) FROM attempts WHERE run = ? AND {BOUGHT}", run)  # noqa: S608 - a constant
            known[key] = int(row[0]) if row else 0
        return int(known[key])

    def unsent_rows(self, run: str) -> int:
        """Return how many rows of a run were never sent: of those not even brought only the number is kept."""
        row = self._one(
            """SELECT count(DISTINCT w.generation) FROM run_rows w LEFT JOIN attempts a ON a.generation = w.generation
               WHERE w.run = ? AND (a.key IS NULL OR a.state = 'planned')""",
            run,
        )
        return (int(row[0]) if row else 0) + self.unbrought_rows(run)

    def unbrought_rows(self, run: str) -> int:
        """Return how many rows of a run were never brought to be sent, so that nothing but their number is kept."""
        row = self._one(
            """SELECT r.total - r.barred - (SELECT count(*) FROM run_rows w WHERE w.run = r.id) FROM runs r
               WHERE r.id = ? AND r.total IS NOT NULL""",
            run,
        )
        return max(int(row[0]), 0) if row else 0

    def newer_creates(self, realm: str, *, sent: int = 0, lost: int = 0) -> int:
        """Return how many attempts came after the oldest one that has no answer and is looked for, of all kernels.

        The oldest one stands in an index of its own, and what came after it is little: creates pause before it is not.

        Args:
            realm: The account.
            sent: An intent that is older than this moment is looked for no longer.
            lost: Likewise an ambiguous one that was lost before this moment: it is held for a person.
        """
        row = self._one(
            """SELECT count(*) FROM attempts WHERE +realm = ? AND key > (SELECT min(key) FROM attempts
                WHERE state IN ('intent', 'ambiguous') AND realm = ?
                AND CASE state WHEN 'intent' THEN at > ? ELSE coalesce(lost_at, at) > ? END)""",
            realm,
            realm,
            sent,
            lost,
        )
        return int(row[0]) if row else 0

    def in_flight(self, realm: str) -> int:
        """Return how many jobs of an account are under way, or about to be, of all kernels: few rows are open at a time.

        What nobody has in hand was put off because nothing could be heard of it, for hours maybe: it holds up nobody.
        """
        row = self._one(
            f"SELECT count(*) FROM attempts WHERE state IN {OPEN_STATES} AND +realm = ? AND kernel <> '' AND state IN ('intent', 'submitted')",  # noqa: S608 - a constant
            realm,
        )
        return int(row[0]) if row else 0

    def highest_charge(self, generation: Generation) -> tuple[int, str] | None:
        """Return the most that this model with these settings was ever reported to cost, and its unit."""
        known, key = self._known(), ("charge", generation.shape)
        if key not in known:
            known[key] = self._most(str(key[1]))
        most: dict[str, int] = known[key]
        if not most:
            return None
        unit = max(most, key=lambda one: (most[one], one))
        return most[unit], unit

    def _most(self, shape: str) -> dict[str, int]:
        """Return the highest reported charge of each unit: two steps along the index for each."""
        most: dict[str, int] = {}
        while row := self._one(
            """SELECT unit FROM attempts WHERE shape = ? AND basis = 'reported' AND unit > ? AND charged IS NOT NULL
               ORDER BY unit LIMIT 1""",
            shape,
            max(most, default=""),
        ):
            unit = row["unit"]
            highest = self._one(
                "SELECT max(charged) FROM attempts WHERE shape = ? AND basis = 'reported' AND unit = ?", shape, unit
            )
            most[unit] = highest[0] if highest else 0
        return most

    def settled(self, shape: str) -> bool:
        """Whether one of a shape (model and settings) has ever ended with a cost, so that it is known.

        Until its file is here, its receipt may still say something else than the list. One that failed for nothing, or was
        written off, tells nothing of what others cost.
        """
        row = self._one(
            """SELECT 1 FROM attempts WHERE shape = ? AND charged IS NOT NULL AND (state = 'saved'
               OR (state IN ('completed', 'failed') AND basis = 'reported' AND charged > 0)) LIMIT 1""",
            shape,
        )
        return row is not None

    def lasted(self, *, shape: str | None = None, realm: str = "", model: str = "") -> list[Lasted]:
        """Return how long the last jobs took, the newest first: those of a shape (model and settings), else of a model."""
        if shape is not None:
            return read_lasted(self._all(LASTED_OF_SHAPE, shape))
        return read_lasted(self._all(LASTED_OF_MODEL, realm, model))

    def version(self) -> int:
        """Return a number that another one takes the place of when somebody else has written to the ledger."""
        row = self._one("PRAGMA data_version")
        return int(row[0]) if row else -1

    # Kept up to date ---------------------------------------------------------------------------------------------

    def _before(self, key: int, columns: dict[str, Any]) -> AttemptRow | None:
        """Return the row that is about to be changed, where the change could make a difference to what is known."""
        if not self._memo or COUNTED.isdisjoint(columns):
            self._rows.pop(key, None)
            return None
        if key in self._rows:
            return self._rows[key]
        row = self._one("SELECT * FROM attempts WHERE key = ?", key)
        return AttemptRow(*row) if row else None

    def _changed(self, old: AttemptRow, columns: dict[str, Any]) -> None:
        """Adjust what is known to a row that was changed."""
        new = changed(old, columns)
        self._moved(old, new)
        if new.state in OPEN:
            self._rows[new.key] = new
        else:
            self._rows.pop(new.key, None)

    def _added(self, row: AttemptRow) -> None:
        """Adjust what is known to a row that was added."""
        if self._memo:
            self._moved(None, row)
            self._rows[row.key] = row

    def _moved(self, old: AttemptRow | None, new: AttemptRow) -> None:
        """Adjust what is known by the difference between a row as it was and as it is."""
        if old is not None:
            self._sum(old, -_worth(old))
        self._sum(new, _worth(new))
        for run in {row.run for row in (old, new) if row is not None}:
            self._buys(run, old, new)
        self._charge(old, new)

    def _sum(self, row: AttemptRow, amount: int) -> None:
        """Add an amount to every sum in which a row counts."""
        if not amount or row.unit is None:
            return
        memo = self._memo
        for run in (row.run, None):
            for realm in (row.realm, None):
                key = ("sum", run, realm, row.unit)
                if key in memo:
                    memo[key] += amount
        for provider in (row.realm.partition("|")[0], "all"):
            sums = memo.get(("since", provider, row.unit))
            if sums and _counts_for(provider, row.realm):
                for day in sums:
                    sums[day] += amount if row.day >= day else 0

    def _buys(self, run: str, old: AttemptRow | None, new: AttemptRow) -> None:
        """Count what a run buys."""
        key = ("bought", run)
        if key in self._memo:
            before, after = (row is not None and row.run == run and _bought(row) for row in (old, new))
            self._memo[key] += int(after) - int(before)

    def _charge(self, old: AttemptRow | None, new: AttemptRow) -> None:
        """Raise what something cost at the most; where the highest itself was changed, it is to be looked up anew."""
        key = ("charge", new.shape)
        most: dict[str, int] | None = self._memo.get(key)
        if most is None:
            return
        if (
            old is not None
            and _reported(old)
            and (not _reported(new) or (old.unit, old.charged) != (new.unit, new.charged))
        ):
            del self._memo[key]
        elif _reported(new) and new.unit is not None and new.charged is not None:
            most[new.unit] = max(most.get(new.unit, new.charged), new.charged)


def _worth(row: AttemptRow) -> int:
    """Return what an attempt counts for, as ``COUNTS`` has it."""
    if row.state in OPEN:
        return max(row.reserved or 0, row.charged or 0)
    return (row.charged or 0) - (row.refunded or 0)


def _bought(row: AttemptRow) -> bool:
    """Whether an attempt is a purchase, as ``BOUGHT`` has it."""
    returned = row.state in RETURNED and row.charged is not None and row.charged == (row.refunded or 0)
    return row.state not in FREE and not returned


def _counts_for(provider: str, realm: str) -> bool:
    """Whether a realm counts for the cap of a provider, or of all."""
    return not realm.endswith("|1") and (provider == "all" or realm.startswith(f"{provider}|"))


def _reported(row: AttemptRow) -> bool:
    """Whether an attempt tells what something costs."""
    return row.basis == "reported" and row.unit is not None and row.charged is not None
