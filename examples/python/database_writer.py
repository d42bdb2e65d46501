"""Writes to Postgres, and holds still while Stillpoint takes a snapshot: each transaction begins with the shared lock."""

import os
import signal

import psycopg2

lock_key = int(os.environ.get("STILLPOINT_LOCK_KEY", "357896375372"))
connection = psycopg2.connect(os.environ["DATABASE_URL"])

with connection, connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS python_entry (number bigint)")

stopping = False


def stop(signum, frame):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)

number = 0
while not stopping:
    number += 1
    with connection, connection.cursor() as cursor:  # one transaction, committed at the end of the block
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (lock_key,))  # first, before anything else
        cursor.execute("INSERT INTO python_entry VALUES (%s)", (number,))

connection.close()
