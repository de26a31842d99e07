"""All public pages of a site."""

from starlette.routing import BaseRoute

from scenarios.tourism.passes import pages as passes
from scenarios.tourism.shop import appeals, browsing, ordering, passing, tickets
from scenarios.tourism.shop.public import REASON, ROOT, in_shop
from scenarios.tourism.shop.tickets import linked
from tenants.http import WRITES, public_route

LINK = "whoever has an order's link may open it; its tickets ask for a code besides"
_SLOT = ROOT + "/{day}/{slot}"
_OF = tickets.ROOT

ROUTES: list[BaseRoute] = [
    public_route(ROOT, in_shop(browsing.site_page), reason=REASON, name="tourism_shop"),
    public_route(ROOT + "/appeal", in_shop(appeals.ask), reason=REASON, name="tourism_appeal"),
    public_route(
        ROOT + "/appeal", in_shop(appeals.create), reason=REASON, methods=WRITES, name="tourism_appeal_send"
    ),
    public_route(ROOT + "/{day}", in_shop(browsing.day_page), reason=REASON, name="tourism_day"),
    public_route(_SLOT, in_shop(browsing.slot_page), reason=REASON, name="tourism_slot"),
    public_route(_SLOT + "/order", in_shop(ordering.review), reason=REASON, name="tourism_review"),
    public_route(
        _SLOT + "/order",
        in_shop(ordering.create, is_inside=False),
        reason=REASON,
        methods=WRITES,
        name="tourism_order",
    ),
    public_route(_OF, linked(tickets.order_page, is_shut=True), reason=LINK, name="tourism_tickets"),
    public_route(
        _OF + "/code",
        linked(tickets.send_code, is_inside=False, is_shut=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_code",
    ),
    public_route(
        _OF + "/opening",
        linked(tickets.open_with_code, is_inside=False, is_shut=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_opening",
    ),
    public_route(_OF + "/pdf", linked(tickets.pdf), reason=LINK, name="tourism_pdf"),
    public_route(
        _OF + "/cancellation",
        linked(tickets.cancel, is_inside=False, is_own=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_cancel",
    ),
    public_route(
        _OF + "/give-back", linked(tickets.ask_back, is_own=True), reason=LINK, name="tourism_give_back_ask"
    ),
    public_route(
        _OF + "/give-back",
        linked(tickets.give_back, is_inside=False, is_own=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_give_back",
    ),
    public_route(_OF + "/move", linked(tickets.ask_move, is_own=True), reason=LINK, name="tourism_move_ask"),
    public_route(
        _OF + "/move",
        linked(tickets.move, is_inside=False, is_own=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_move",
    ),
    public_route(
        _OF + "/pass-on/{ticket}",
        linked(passing.ask, is_own=True),
        reason=LINK,
        name="tourism_pass_on_ask",
    ),
    public_route(
        _OF + "/pass-on/{ticket}",
        linked(passing.pass_on, is_inside=False, is_own=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_pass_on",
    ),
    public_route(_OF + "/holder/{ticket}", linked(passes.ask_holder), reason=LINK, name="tourism_holder_ask"),
    public_route(
        _OF + "/holder/{ticket}",
        linked(passes.keep_holder, is_inside=False),
        reason=LINK,
        methods=WRITES,
        name="tourism_holder",
    ),
    public_route(
        _OF + "/renewal/{ticket}",
        linked(passes.renew, is_inside=False, is_own=True),
        reason=LINK,
        methods=WRITES,
        name="tourism_renewal",
    ),
    public_route(
        "/passed-on/{token}",
        passing.holder_page,
        reason="the new holder of a ticket has its link, and nobody else",
        name="tourism_passed_on",
    ),
]
