"""Objects as GitHub's JSON. Pure: everything shown hangs on the object and the addresses."""
