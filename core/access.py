"""Whether somebody else can open the app: what its pages ask, and what the doctor looks at."""

import ipaddress

TEACHER = "LESIONLAB_TEACHER"
"""The environment variable that holds the secret of the teacher's lock."""


def loopback(host: object) -> bool:
    """Whether a name or an IP address, with brackets or without, always means this computer."""
    name = str(host or "").strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
