"""SCIM 2.0, both ways: apps read and keep an institution's staff here, and are kept in step where they offer it."""
