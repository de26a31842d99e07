"""All routes of the hospital."""

from starlette.routing import BaseRoute

from scenarios.hospital.fhir import routes as fhir
from scenarios.hospital.inpatient import mine_pages as my_stays
from scenarios.hospital.inpatient import money_pages, telling_pages, ward_pages
from scenarios.hospital.pages import (
    consulting_pages,
    department_pages,
    desk_pages,
    doctor_pages,
    his_pages,
    mine_choosing,
    mine_home,
    mine_orders,
    mine_patient,
    mine_reports,
    mine_visit,
    return_pages,
    rules_pages,
    screen_pages,
    session_pages,
    template_pages,
    visit_pages,
    weekly_pages,
)

ROUTES: list[BaseRoute] = [
    *mine_home.ROUTES,
    *mine_choosing.ROUTES,
    *mine_visit.ROUTES,
    *mine_patient.ROUTES,
    *mine_orders.ROUTES,
    *mine_reports.ROUTES,
    *my_stays.ROUTES,
    *ward_pages.ROUTES,
    *money_pages.ROUTES,
    *telling_pages.ROUTES,
    *his_pages.ROUTES,
    *return_pages.ROUTES,
    *rules_pages.ROUTES,
    *desk_pages.ROUTES,
    *consulting_pages.ROUTES,
    *session_pages.ROUTES,
    *visit_pages.ROUTES,
    *department_pages.ROUTES,
    *screen_pages.ROUTES,
    *doctor_pages.ROUTES,
    *template_pages.ROUTES,
    *weekly_pages.ROUTES,
    *fhir.ROUTES,
]
