"""scim2-tester holds our SCIM endpoint against the RFCs: everything for users, reading alone for roles."""

from browsing import TOLD, done
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

WRONG = {Status.ERROR, Status.CRITICAL, Status.DEVIATION}
with Client(
    base_url=TOLD["scim"], headers={"Authorization": f"Bearer {TOLD['token']}"}, trust_env=False
) as http:
    results = check_server(SyncSCIMClient(http), resource_types=["User"])
told = [f"{one.title}: {one.reason}" for one in results if one.status in WRONG]
done(
    wrong=told,
    passed=sum(one.status not in {*WRONG, Status.SKIPPED} for one in results),
    skipped=[one.title for one in results if one.status is Status.SKIPPED],
)
