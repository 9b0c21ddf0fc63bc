"""Pictures of BIPLAB whose labels were looked at one by one, and what they show.

A third of its pictures of smoke alone show fog or clouds, and its pictures without a box show fog,
dusk, autumn leaves, but also fire. Fog in forests is what a fire model takes for smoke most often:
pictures of it that train as smoke teach just that.
"""

from __future__ import annotations

# No box, and nothing burns.
HARMLESS = frozenset(
    {
        "224_jpg.rf.71e150",
        "708_jpg.rf.e4434e",
        "Smoke-342-_jpg.rf.fc64a3",
        "Smoke-343-_jpg.rf.d79d34",
        "Smoke-344-_jpg.rf.b5f10b",
        "Smoke-354-_jpg.rf.92ed7f",
        "Smoke-363-_jpg.rf.b15bd3",
        "Smoke-404-_jpg.rf.ff0028",
        "Smoke-436-_jpg.rf.15b428",
        "Smoke-447-_jpg.rf.b47aee",
        "Smoke-483-_jpg.rf.d7d054",
        "Smoke-534-_jpg.rf.a8c32b",
        "Smoke-559-_jpg.rf.cfc0de",
        "fire-8592-4920474_png_jpg.rf.d4f6e4",
    }
)

# Boxes of smoke on fog, clouds or clear views.
FOG = frozenset(
    {
        "13_jpg.rf.e19cdf",
        "1552_png_jpg.rf.6878a5",
        "164_jpg.rf.6fcdd2",
        "250_jpg.rf.17c3e0",
        "487_jpg.rf.f9e881",
        "491_jpg.rf.c940e6",
        "Smoke-129-_jpg.rf.ed9e5c",
        "Smoke-133-_jpg.rf.ce0e8b",
        "Smoke-136-_jpg.rf.f0db9c",
        "Smoke-136-_jpg.rf.fdaca1",
        "Smoke-152-_jpg.rf.326136",
        "Smoke-167-_jpg.rf.bb5374",
        "Smoke-192-_jpg.rf.2d3d34",
        "Smoke-210-_jpg.rf.66218f",
        "Smoke-214-_jpg.rf.f3cee8",
        "Smoke-259-_jpg.rf.435084",
        "Smoke-273-_jpg.rf.f0411a",
        "Smoke-287-_jpg.rf.7a1601",
        "Smoke-330-_jpg.rf.1da03d",
        "Smoke-336-_jpg.rf.8fb508",
        "Smoke-348-_jpg.rf.53d469",
        "Smoke-353-_jpg.rf.0cdaf0",
        "Smoke-402-_jpg.rf.15fde3",
        "Smoke-405-_jpg.rf.824a7f",
        "Smoke-418-_jpg.rf.6f6fe1",
        "Smoke-427-_jpg.rf.699c49",
        "Smoke-432-_jpg.rf.082f6f",
        "Smoke-437-_jpg.rf.7315d3",
        "Smoke-446-_jpg.rf.436aca",
        "Smoke-448-_jpg.rf.b201d4",
        "Smoke-453-_jpg.rf.fd6f94",
        "Smoke-462-_jpg.rf.051c3d",
        "Smoke-474-_jpg.rf.e61ab0",
        "Smoke-478-_jpg.rf.8d1a8f",
        "Smoke-479-_jpg.rf.c8966e",
        "Smoke-486-_jpg.rf.df1c84",
        "Smoke-494-_jpg.rf.8cdd0f",
        "Smoke-509-_jpg.rf.f76364",
        "Smoke-558-_jpg.rf.aba8a4",
        "Smoke-576-_jpg.rf.1bf5c6",
        "fire-8592-4920474_png_jpg.rf.69a4d1",
    }
)

# Fog or smoke: nobody can tell from the picture. Neither trained on nor measured.
DOUBTFUL = frozenset(
    {
        "116_jpg.rf.47360f",
        "552_jpg.rf.c2b4f7",
        "577_jpg.rf.d111a1",
        "678_jpg.rf.310a20",
        "Smoke-124-_jpg.rf.f2404a",
        "Smoke-125-_jpg.rf.af274b",
        "Smoke-156-_jpg.rf.fad674",
        "Smoke-253-_jpg.rf.a21bbf",
        "Smoke-258-_jpg.rf.5aa5a2",
        "Smoke-292-_jpg.rf.d3e6ad",
        "Smoke-317-_jpg.rf.85b585",
        "Smoke-326-_jpg.rf.024232",
        "Smoke-327-_jpg.rf.0d3ecc",
        "Smoke-358-_jpg.rf.fb478d",
        "Smoke-360-_jpg.rf.deb889",
        "Smoke-374-_jpg.rf.b76297",
        "Smoke-430-_jpg.rf.56275f",
        "Smoke-451-_jpg.rf.f3d454",
        "Smoke-488-_jpg.rf.de6ca6",
        "Smoke-512-_jpg.rf.c6ed8c",
        "Smoke-535-_jpg.rf.eb1ee7",
        "Smoke-595-_jpg.rf.39bb22",
        "Smoke-596-_jpg.rf.c4825c",
        "fire-8550-23552893_png_jpg.rf.ff42bf",
        "images152_jpg.rf.629182",
    }
)


def audit_key(name: str) -> str:
    """Return the part of an exported picture's file name that these tables hold."""
    stem, _, digest = name.partition(".rf.")
    return f"{stem}.rf.{digest[:6]}"
