"""All pages of agencies: the site's, and the agency's own desk."""

from starlette.routing import BaseRoute

from scenarios.tourism.agencies import my_booking, my_pages, staff_pages
from scenarios.tourism.agencies.contracts import RIGHT
from scenarios.tourism.agencies.desk import Handler, desk_page
from tenants.http import WRITES, person_route, tenant_route

READ = "agencies.read"
_ONE, _STATEMENT = "/agencies/{id}", "/agency-statements/{id}"
_MINE = "/my/agencies/{agency}"


def _desk(path: str, handler: Handler, name: str, *, is_writing: bool = False) -> BaseRoute:
    methods = WRITES if is_writing else ("GET",)
    return person_route(
        _MINE + path, desk_page(handler), methods=methods, name=name, is_transactional=not is_writing
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/agencies", staff_pages.index, permission=READ, name="tourism_agencies"),
    tenant_route("/agencies/new", staff_pages.new, permission=RIGHT, name="tourism_agency_new"),
    tenant_route("/agencies", staff_pages.add, permission=RIGHT, methods=WRITES, name="tourism_agency_add"),
    tenant_route(_ONE, staff_pages.show, permission=READ, name="tourism_agency"),
    tenant_route(_ONE + "/edit", staff_pages.edit, permission=RIGHT, name="tourism_agency_edit"),
    tenant_route(_ONE, staff_pages.change, permission=RIGHT, methods=WRITES, name="tourism_agency_change"),
    tenant_route(
        _ONE + "/ending", staff_pages.end, permission=RIGHT, methods=WRITES, name="tourism_agency_end"
    ),
    tenant_route(
        _ONE + "/statement",
        staff_pages.work_out,
        permission=RIGHT,
        methods=WRITES,
        name="tourism_statement_work_out",
    ),
    tenant_route(
        "/agency-statements", staff_pages.statement_index, permission=READ, name="tourism_statements"
    ),
    tenant_route(_STATEMENT, staff_pages.statement, permission=READ, name="tourism_statement"),
    tenant_route(
        _STATEMENT + "/issuing",
        staff_pages.issue,
        permission=RIGHT,
        methods=WRITES,
        name="tourism_statement_issue",
    ),
    tenant_route(
        _STATEMENT + "/payment",
        staff_pages.pay,
        permission="payments.take",
        methods=WRITES,
        name="tourism_statement_pay",
    ),
    person_route("/my/agencies", my_pages.index, name="my_agencies"),
    _desk("", my_pages.home, "my_agency"),
    _desk("/book", my_booking.ask, "my_agency_book"),
    _desk("/book", my_booking.book, "my_agency_booked", is_writing=True),
    _desk("/lists", my_booking.ask_list, "my_agency_lists"),
    _desk("/lists", my_booking.upload, "my_agency_upload", is_writing=True),
    _desk("/lists/{list}", my_booking.show, "my_agency_list"),
    _desk("/lists/{list}/columns", my_booking.choose, "my_agency_columns", is_writing=True),
    _desk("/lists/{list}/booking", my_booking.book_list, "my_agency_book_list", is_writing=True),
    _desk("/lists/{list}/rejected", my_booking.rejected, "my_agency_rejected"),
    _desk("/bookings", my_pages.bookings, "my_agency_bookings"),
    _desk("/bookings/{order}", my_pages.booking, "my_agency_booking"),
    _desk("/bookings/{order}/pdf", my_pages.pdf, "my_agency_pdf"),
    _desk("/bookings/{order}/cancellation", my_pages.cancel, "my_agency_cancel", is_writing=True),
    _desk("/bookings/{order}/move", my_pages.ask_move, "my_agency_ask_move"),
    _desk("/bookings/{order}/move", my_pages.move, "my_agency_move", is_writing=True),
    _desk("/statements", my_pages.my_statements, "my_agency_statements"),
    _desk("/statements/{statement}", my_pages.my_statement, "my_agency_statement"),
]
