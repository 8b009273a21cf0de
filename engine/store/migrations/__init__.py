"""The tables of a store in PostgreSQL, version by version: `NNNN_name.pre.sql` and `NNNN_name.post.sql`.

`pre` leaves everything that workers of the version before use; what they do not bear is in `post`, which is run when
they have gone. So old and new workers may run side by side in between. A file that was released is never changed.
"""
