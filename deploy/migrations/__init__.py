"""Migrations in order. Tortoise writes the tables; keys, guards and policies are SQL beside them."""
