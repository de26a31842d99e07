"""What pages and jobs call: payments, refunds, unassigned money, the cashier's day. One import for all of it.

Functions that talk to a channel commit first; call them outside of any scope (their routes have
``is_transactional=False``): ``start_payment``, ``refresh``, ``cancel_payment``, ``take_payment``. ``offers`` and
``view`` open the scope they need. All others work in the open tenant scope.
"""

from billing.payments.choosing import Offer, offers
from billing.payments.day_close import DayPreview, close_day, day_close_preview
from billing.payments.deciding import approve_refund, pay_out_refund, reject_refund
from billing.payments.refreshing import PaymentView, cancel_payment, refresh, view
from billing.payments.refunds import refundable_minor, request_refund
from billing.payments.starting import StartedPayment, start_payment
from billing.payments.suspense import REASONS as SUSPENSE_REASONS
from billing.payments.suspense import apply_suspense, assign_suspense, refund_suspense
from billing.payments.taking import change_minor, take_payment

__all__ = [
    "SUSPENSE_REASONS",
    "DayPreview",
    "Offer",
    "PaymentView",
    "StartedPayment",
    "apply_suspense",
    "approve_refund",
    "assign_suspense",
    "cancel_payment",
    "change_minor",
    "close_day",
    "day_close_preview",
    "offers",
    "pay_out_refund",
    "refresh",
    "refund_suspense",
    "refundable_minor",
    "reject_refund",
    "request_refund",
    "start_payment",
    "take_payment",
    "view",
]
