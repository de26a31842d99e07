"""Pages of a hospital: the patient's (``mine_*``) and the staff's."""
