"""Trips, clubs, care, uniforms and books: places and stock, held while they are paid for, with consent where asked."""
