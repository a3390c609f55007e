"""Zip archives of which every field can lie."""
import struct
import zlib


def deflate(raw):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


class Zip:
    """Entries one after the other; `done` writes the directory and the end.

    | local header, name, extra, data | ... | directory | [zip64 end, locator] | end, comment |
    """

    def __init__(self, prefix=b""):
        self.blob, self.entries, self.prefix = bytearray(prefix), [], len(prefix)

    def add(self, name, raw, method=0, packed=None, align=0, descriptor=False, zip64=False, local=None, central=None,
            extra=b"",
            local_extra=None, flags=0):
        """Returns where the data begins. local, central: fields in place of the true ones, by name."""
        name = name.encode() if isinstance(name, str) else name
        packed = packed if packed is not None else deflate(raw) if method == 8 else raw
        true = {"version": 45 if zip64 else 20, "flags": flags | (8 if descriptor else 0) | (0 if name.isascii() else 0x800),
                "method": method, "crc": zlib.crc32(raw), "packed": len(packed), "size": len(raw), "name": name}
        at = len(self.blob)
        here = dict(true, **(dict(crc=0, packed=0, size=0) if descriptor else {}))
        if zip64:
            here.update(packed=0xffffffff, size=0xffffffff)
        here.update(local or {})
        more = struct.pack("<HHQQ", 1, 16, len(raw), len(packed)) if zip64 else b""
        more += extra if local_extra is None else local_extra
        if align:
            gap = -(at + 30 + len(here["name"]) + len(more) + 4) % align
            more += b"FB" + struct.pack("<H", gap) + b"Z" * gap
        self.blob += struct.pack("<IHHHHHIIIHH", here.get("magic", 0x04034b50), here["version"], here["flags"],
                                 here["method"], 0, 0x21,
                                 here["crc"], here["packed"], here["size"], here.get("name_size", len(here["name"])),
                                 here.get("extra_size", len(more))) + here["name"] + more
        begin = len(self.blob)
        self.blob += packed
        if descriptor:
            self.blob += struct.pack("<IIII", 0x08074b50, true["crc"], true["packed"], true["size"])
        self.entries.append({**true, "offset": at, "extra": extra, **(central or {})})
        return begin

    def directory(self):
        out = b""
        for e in self.entries:
            out += struct.pack("<IHHHHHHIIIHHHHHII", e.get("magic", 0x02014b50), e["version"], e["version"], e["flags"],
                               e["method"], 0,
                               0x21, e["crc"], e["packed"], e["size"], e.get("name_size", len(e["name"])),
                               e.get("extra_size", len(e["extra"])), e.get("comment_size", 0), e.get("disk", 0), 0, 0,
                               e["offset"]) \
                + e["name"] + e["extra"]
        return out

    def done(self, comment=b"", zip64=False, between=b"", **lies):
        """lies: fields of the end record (count, size, offset, disk, comment_size), of the zip64 end (count64, size64,
        offset64, magic64, length64) and of its locator (place, disks)."""
        at, table = len(self.blob), self.directory()
        count, out = len(self.entries), bytes(self.blob) + table + between
        end = dict(disk=0, count=count, size=len(table), offset=at, comment_size=len(comment))
        if zip64:
            out += struct.pack("<IQHHIIQQQQ", lies.get("magic64", 0x06064b50), lies.get("length64", 44), 45, 45,
                               lies.get("disk64", 0), 0,
                               lies.get("count64", count), lies.get("count64", count), lies.get("size64", len(table)),
                               lies.get("offset64", at))
            out += struct.pack("<IIQI", lies.get("magic_locator", 0x07064b50), 0,
                               lies.get("place", at + len(table) + len(between)),
                               lies.get("disks", 1))
            end.update(count=0xffff, size=0xffffffff, offset=0xffffffff)
        end.update((k, v) for k, v in lies.items() if k in end)
        return out + struct.pack("<IHHHHIIH", 0x06054b50, end["disk"], end["disk"], end["count"],
                                 lies.get("count_total", end["count"]),
                                 end["size"], end["offset"], end["comment_size"]) + comment
