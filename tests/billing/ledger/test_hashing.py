"""Trees are those of RFC 6962, and a path proves its leaf and nothing else."""

import hashlib

import pytest

from tenants.sealing.hashing import leaf_hash, node_hash, path_of, root_from, root_of

# Test vectors of Certificate Transparency (RFC 6962 trees over these eight inputs).
INPUTS = [
    bytes.fromhex(x)
    for x in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_that_others_compute(size):
    assert root_of([leaf_hash(x) for x in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_a_tree_of_nothing_is_the_hash_of_nothing():
    assert root_of([]) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33])
def test_each_leaf_is_proved_at_its_own_place_only(size):
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    root = root_of(leaves)
    for position, leaf in enumerate(leaves):
        path = path_of(leaves, position)
        assert root_from(leaf, position, size, path) == root
        assert root_from(leaf_hash(b"other"), position, size, path) != root
        assert root_from(leaf, position, size, [*path, leaf]) != root
        assert size == 1 or root_from(leaf, (position + 1) % size, size, path) != root
        assert not path or root_from(leaf, position, size, path[:-1]) != root
    assert root_from(leaves[0], size, size, []) is None


def test_a_leaf_is_never_taken_for_a_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)
