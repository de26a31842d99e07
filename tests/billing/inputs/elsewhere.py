"""Money forms whose bad inputs are typed in another test, and forms in which there is nothing to type."""

_RULE = "billing/charges/test_pages.py::test_a_wrong_rule_keeps_what_was_typed_and_says_where"
_REFUSAL = "billing/payments_pages/test_staff.py::test_a_refusal_needs_a_reason_and_frees_the_amount"
_BREAKS = "billing/reconciliation/test_pages.py::test_the_banks_charge_is_booked_and_a_difference_accepted"
_HAND = "billing/reconciliation/test_pages.py::test_a_match_is_made_and_taken_back_by_hand"
_FOUND = "billing/reconciliation/test_pages.py::test_unknown_money_is_recorded_in_one_click"
_FILES = "billing/inputs/test_files.py::test_each_wrong_statement_is_refused_with_its_reason"
_CREDIT = "billing/credit/test_pages.py::test_staff_see_credit_give_it_back_and_take_it_at_the_desk"
_MINE = "billing/credit/test_pages.py::test_a_payer_sees_the_credit_pays_ahead_and_uses_it_for_a_bill"
_ANSWERS = "billing/answers/test_answers.py::test_pages_ask_one_plain_question_and_keep_files_private"
_MONTH = "billing/ledger/test_pages.py::test_a_month_is_closed_by_two_people_through_the_pages"
_ANSWER = "billing/disputes/test_pages.py::test_the_answer_is_kept_handed_in_and_cannot_be_empty"
_COMPLAINT = "billing/complaints/test_complaints.py::test_a_payers_pages_from_the_payment_on"
_CONSOLE = "billing/complaints/test_complaints.py::test_the_consoles_pages"
_RISK = "billing/risk/test_holding.py::test_the_pages"
_PAYOUTS = "billing/risk/test_payouts.py::test_the_pages"
_OFFERS = "tenants/offers/test_offers.py::test_the_pages_from_an_empty_draft_to_what_is_taken"
_STUCK = "billing/payments/test_stuck.py::test_when_the_channels_time_is_over_it_is_worked_and_not_sent"
ELSEWHERE = {
    "fee_draft_save": _RULE,
    "direct_fee": "billing/charges/test_destinations.py::test_another_account_is_refused_in_words",
    "run_save_checks": "billing/charges/test_pages.py::test_how_runs_are_checked_is_set_by_the_administrator",
    "run_void": "billing/charges/test_pages.py::test_bills_are_voided_reminded_of_and_printed",
    "rehearsal_begin": "billing/charges/test_replay.py::test_the_page_shows_sums_chart_and_every_account",
    "adjustment_reversal": "billing/adjustments/test_pages.py::test_reversing_in_the_page_makes_it_owed_again",
    "plan_break": "billing/plans/test_pages.py::test_a_plan_is_agreed_and_broken_in_forms",
    "rejection": _REFUSAL,
    "refund_transfer": _STUCK,
    "break_resolution": _BREAKS,
    "break_charge": _BREAKS,
    "break_recording": _FOUND,
    "line_match": _HAND,
    "line_release": _HAND,
    "preview_statement": _FILES,
    "read_statement": _FILES,
    "credit_refund": _CREDIT,
    "suspense_credit": _CREDIT,
    "my_use_credit": _MINE,
    "answer_note": _ANSWERS,
    "my_answer_note": _ANSWERS,
    "my_helping_accept": "billing/mandates/test_proxies.py::test_pages_grant_accept_and_stop",
    "save_terms": "billing/routing/test_routing.py::test_the_form_keeps_order_limits_and_fees_and_is_audited",
    "my_confirm": "billing/payer/test_holding.py::test_a_wrong_code_is_said_at_the_field_and_kept",
    "evidence": _ANSWER,
    "period_reopening": _MONTH,
    "period_approval": _MONTH,
    "bank_terms_ask": "billing/routing/test_bank_terms.py::test_the_pages",
    "decide": "billing/routing/test_bank_terms.py::test_the_pages",
    "risk_work": _RISK,
    "risk_hold_decide": _RISK,
    "payout_hold_place": _PAYOUTS,
    "payout_release": _PAYOUTS,
    "bank_offer_rule_save": _OFFERS,
    "bank_offer_template_save": _OFFERS,
    "complaint_terms_set": "billing/complaints/test_terms.py::test_the_page",
    "my_complaint_create": _COMPLAINT,
    "my_complaint_say": _COMPLAINT,
    "my_complaint_reopen": _COMPLAINT,
    "complaint_create": _CONSOLE,
    "complaint_say": _CONSOLE,
    "complaint_answer": _CONSOLE,
    "bank_complaint_create": _CONSOLE,
    "bank_complaint_assign": _CONSOLE,
    "bank_complaint_say": _CONSOLE,
    "bank_complaint_answer": _CONSOLE,
}
SAME = {
    "adjustment_rejection": "adjustment_reversal",
    "standing_rejection": "adjustment_reversal",
    "standing_ending": "adjustment_reversal",
    "period_rejection": "period_reopening",
    "break_refund": "break_recording",
    "complaint_reopen": "my_complaint_reopen",
    "fee_preview": "fee_draft_save",
    "link_create_payment": "my_create_payment",
    "new_file": "evidence",
}
"""Forms that are read by the same words of the same module as another one."""
_KEY = "a key and what was seen"
_LIST = "one choice of a list, or of several buttons"
CHOICES = {
    "break_assignment": _LIST,
    "my_create_checkout": _LIST,
    "my_reminder_choice": _LIST,
    "open_wallet": _LIST,
    "prepare_sources": _LIST,
    "retrial": _KEY,
    "risk_rule_try": _LIST,
    "setting_aside": _KEY,
    "suggestion_confirmation": _LIST,
    "suggestion_refusal": _LIST,
    "trial_back": _KEY,
    "trial_begin": _KEY,
    "work_assignment": _LIST,
}
"""Forms in which nobody types: what is in them instead."""
