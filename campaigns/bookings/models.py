"""Tables of bookings: what the booking system or the front desk told us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId


class Booking(Base):
    """An appointment that a person made."""

    __tablename__ = "bookings"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    """None while no person could be matched."""
    source: Mapped[str] = mapped_column(String(40))
    external_id: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12), default="booked")
    """``booked`` or ``cancelled``."""
    booked_at: Mapped[datetime] = mapped_column(index=True)
    starts_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(120), default="")
    message_id: Mapped[int | None] = mapped_column(BigId)
    """The message whose booking link was followed, where known."""
