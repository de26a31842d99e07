"""Who owes at a school: pupils, with the facts that fees go by, and how people stand to them."""

from tenants.kinds import AccountKind, Attribute
from ui.i18n import N_

SCENARIO_KEY = "education"
DAYS_ATTENDED = "days_attended"
QUANTITIES = {DAYS_ATTENDED: N_("Days attended")}
"""Numbers of a month that fees may charge by."""
GRADES = {
    "K1": N_("Kindergarten 1"),
    "K2": N_("Kindergarten 2"),
    "K3": N_("Kindergarten 3"),
    "1": N_("Grade 1"),
    "2": N_("Grade 2"),
    "3": N_("Grade 3"),
    "4": N_("Grade 4"),
    "5": N_("Grade 5"),
    "6": N_("Grade 6"),
    "7": N_("Grade 7"),
    "8": N_("Grade 8"),
    "9": N_("Grade 9"),
    "10": N_("Grade 10"),
    "11": N_("Grade 11"),
    "12": N_("Grade 12"),
}
"""In the order in which pupils go through them."""
BOARDING = {"day": N_("Goes home every day"), "boarder": N_("Boards at school")}
STUDENT_KINDS = {
    "resident": N_("Resident of the district"),
    "other_district": N_("From another district"),
    "international": N_("International"),
}
CLASS_CHOICES = {
    "standard": N_("Standard class"),
    "bilingual": N_("Bilingual class"),
    "arts": N_("Arts class"),
    "science": N_("Science class"),
    "sports": N_("Sports class"),
}
"""The sort of class that a family has chosen, where a school offers more than one."""
MEALS = {"none": N_("No school meals"), "lunch": N_("Lunch"), "all": N_("All meals of the day")}
RELATIONS = {
    "guardian": N_("Guardian"),
    "parent": N_("Parent"),
    "relative": N_("Relative"),
    "student": N_("The pupil"),
}
FAMILY = ("guardian", "parent")
"""Relations that may sign for a child, and by which two pupils are brother and sister."""

STUDENT = AccountKind(
    "student",
    N_("Pupil"),
    N_("Pupils"),
    (
        Attribute("grade", N_("Grade"), "choice", GRADES, is_required=True),
        Attribute("boarding", N_("Boarding"), "choice", BOARDING),
        Attribute("student_kind", N_("Kind of pupil"), "choice", STUDENT_KINDS),
        Attribute("class_choice", N_("Class chosen"), "choice", CLASS_CHOICES),
        Attribute("meals", N_("Meals"), "choice", MEALS),
        Attribute("has_care", N_("After-school care"), "boolean"),
        Attribute("is_staff_child", N_("Child of a member of staff"), "boolean"),
        Attribute("sibling_rank", N_("Place among brothers and sisters here"), "integer", is_derived=True),
    ),
)
APPLICANT = AccountKind(
    "applicant",
    N_("Applicant"),
    N_("Applicants"),
    (Attribute("grade", N_("Grade"), "choice", GRADES, is_required=True),),
    is_by_hand=False,
)
"""A child who has been offered a place: its deposit is owed here, and no fee for pupils reaches it."""
ACCOUNT_KINDS = (STUDENT, APPLICANT)
DEFAULTS = {
    "boarding": "day",
    "student_kind": "resident",
    "class_choice": "standard",
    "meals": "none",
    "has_care": False,
    "is_staff_child": False,
    "sibling_rank": 1,
}
"""What a new pupil is where nobody says otherwise, so that every fee rule finds what it asks for."""
