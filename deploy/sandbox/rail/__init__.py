"""The bank's payment rail: QR orders, refunds, micro-deposits and day statements."""
