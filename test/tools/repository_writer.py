"""Makes small repositories as docs/format.md describes them, to try tools/restore.py on. Shares no code with it.

Every part can be made wrong on purpose: the caller gives ids, entries and tables, and nothing is checked here.
"""
import base64, hashlib, json, os, pathlib, struct
from typing import NamedTuple

import zstandard
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BLOCK, SUB_BLOCK, LEAF = 524_288, 65_536, 536_870_912
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Frame(NamedTuple):
    """A frame to write. `content` stands in for the codec's own output."""

    plain: bytes
    type: int = 0
    codec: int = 0
    content: bytes | None = None


class Pack(NamedTuple):
    """A written pack; `records` are those of its directory: type, codec, 0, offset, stored, plain."""

    id: bytes
    length: int
    tag: bytes
    records: list[tuple[int, int, int, int, int, int]]


class From(NamedTuple):
    """A place of an entry."""

    pack: Pack
    frame: int
    holds: int = 255
    uses: int = 255


def hkdf(ikm: bytes, salt: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, salt, label.encode()).derive(ikm)


def iv(kind: int, counter: int = 0) -> bytes:
    return struct.pack(">B3xQ", kind, counter)


def recovery_code(code: bytes) -> str:
    """The 36 characters of 20 bytes."""
    bits = "".join(f"{byte:08b}" for byte in code + hashlib.sha256(b"holdfast recovery code" + code).digest())[:180]
    text = "".join(CROCKFORD[int(bits[at : at + 5], 2)] for at in range(0, 180, 5))
    return "-".join(text[at : at + 6] for at in range(0, 36, 6))


class Writer:
    def __init__(self, folder, domain: str = "domain-1", secret: bytes | None = None):
        self.folder, self.domain = pathlib.Path(folder), domain
        self.secret = secret or os.urandom(32)
        self.id_key = hkdf(self.secret, b"", "holdfast/v1/id")

    def put(self, name: str, data: bytes) -> pathlib.Path:
        path = self.folder / self.domain / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def id(self, plain: bytes) -> bytes:
        return blake3(plain, key=self.id_key).digest()

    def pack(self, frames: list[Frame], id: bytes | None = None, directory=lambda plain: plain,
             footer=lambda *fields: fields) -> Pack:
        """`directory` and `footer` change what is sealed."""
        id, salt = id or os.urandom(16), os.urandom(32)
        cipher = AESGCM(hkdf(self.secret, salt, "holdfast/v1/pack"))
        out = bytearray(b"HOLDPACK" + struct.pack("<H6x", 1) + id + salt)
        records = []
        for number, frame in enumerate(frames):
            content = frame.content
            if content is None:
                content = zstandard.ZstdCompressor(level=1).compress(frame.plain) if frame.codec else frame.plain
            stored = len(content) + 16
            aad = id + struct.pack("<BBBBIII", 1, frame.type, frame.codec, 0, number, len(frame.plain), stored)
            records.append((frame.type, frame.codec, 0, len(out), stored, len(frame.plain)))
            out += cipher.encrypt(iv(1, number), content, aad)
        offset, length = len(out), len(out) + 16 * len(records) + 16 + 40
        plain = directory(b"".join(struct.pack("<BBHIII", *record) for record in records))
        out += cipher.encrypt(iv(2), plain, id + struct.pack("<B7xII", 2, offset, len(records)))
        last = struct.pack("<IIII", *footer(offset, len(plain) + 16, len(records), length))
        out += b"PACK-END" + cipher.encrypt(iv(3), last, id + struct.pack("<B7xII", 3, 0, length))
        assert len(out) == length
        self.put(f"packs/{id.hex()}", bytes(out))
        return Pack(id, length, bytes(out[-16:]), records)

    def leaf(self, entries: list[tuple[bytes, list[From]] | None]) -> bytes:
        """Plain bytes of a leaf; an entry is None, or the block's id and its places."""
        ids: list[bytes] = []
        out = bytearray()
        for entry in entries:
            if entry is None:
                out += b"\0"
                continue
            out += bytes([len(entry[1])]) + entry[0]
            for place in entry[1]:
                if place.pack.id not in ids:
                    ids.append(place.pack.id)
                _, codec, _, offset, stored, _ = place.pack.records[place.frame]
                out += struct.pack("<HHIIBBBB", ids.index(place.pack.id), place.frame, offset, stored,
                                   place.holds, place.uses, codec, 0)
        return b"LEAF" + struct.pack("<HH", len(entries), len(ids)) + b"".join(ids) + bytes(out)

    def root_body(self, size: int, packs: list[tuple[Pack, list[int]]], leaves: list, as_list: bool = False,
                  grid: tuple[int, int] = (BLOCK, 1_024)) -> bytes:
        """`packs` with their live frames; `leaves` are None or (pack, frame, id, bytes that are not zero)."""
        description = json.dumps({"backup": "b", "disk": "vda", "instant": 1}, sort_keys=True, separators=(",", ":")).encode()
        out = bytearray(struct.pack("<QIIII", size, *grid, 0, len(description)) + description)
        out += struct.pack("<I", len(packs))
        for pack, live in packs:
            out += pack.id + struct.pack("<IHBBI", pack.length, len(pack.records), 2 if as_list else 1, 0,
                                         sum(pack.records[frame][4] for frame in live)) + pack.tag
            if as_list:
                out += struct.pack(f"<H{len(live)}H", len(live), *sorted(live))
            else:
                out += sum(1 << frame for frame in set(live)).to_bytes(-(-len(pack.records) // 8), "little")
        out += struct.pack("<I", len(leaves))
        for leaf in leaves:
            if leaf is None:
                out += struct.pack("<I", 0xFFFFFFFF)
                continue
            pack, frame, id, data = leaf
            _, codec, _, offset, stored, plain = pack.records[frame]
            position = [other.id for other, _ in packs].index(pack.id)
            out += struct.pack("<IHBBIIII", position, frame, codec, 0, offset, stored, plain, data) + id
        return bytes(out)

    def map_body(self, epoch: int, moved: list[tuple[Pack, int, Pack, int]]) -> bytes:
        """`moved`: old pack and frame, new pack and frame."""
        new = sorted({pack.id: pack for _, _, pack, _ in moved}.values())
        old = sorted({pack.id: pack for pack, _, _, _ in moved}.values())
        out = bytearray(struct.pack("<II", epoch, len(new)))
        for pack in new:
            out += pack.id + struct.pack("<IHH", pack.length, len(pack.records), 0) + pack.tag
        out += struct.pack("<I", len(old))
        for pack in old:
            moves = sorted((frame, to, new.index(target)) for source, frame, target, to in moved if source.id == pack.id)
            out += pack.id + struct.pack("<HH", len(moves), 0)
            for frame, to, index in moves:
                out += struct.pack("<HHII", frame, to, index, new[index].records[to][3])
        return bytes(out)

    def sealed(self, name: str, body: bytes) -> pathlib.Path:
        """A root, map, avoid-set or hooks object, or an entry of the catalog."""
        magic, label, kind = {"roots": (b"HOLDROOT", "root", 4), "avoid": (b"HOLDAVST", "avoid", 5),
                              "maps": (b"HOLDMAPS", "map", 6), "hooks": (b"HOLDHOOK", "hooks", 7),
                              "catalog": (b"HOLDCTLG", "catalog", 9)}[name.split("/")[0]]
        header = magic + struct.pack("<H6x", 1) + os.urandom(32)
        key = hkdf(self.secret, header[16:], f"holdfast/v1/{label}")
        return self.put(name, header + AESGCM(key).encrypt(iv(kind), body, header + name.encode()))

    def recovery(self, code: bytes, name: str = "recovery-00c0ffee") -> str:
        """Writes a recovery object; the code as a person gets it."""
        salt = os.urandom(32)
        key = hkdf(code, salt, "holdfast/v1/recovery")
        sealed = AESGCM(key).encrypt(iv(8), self.secret, b"holdfast recovery\0" + self.domain.encode())
        fields = {"format": 1, "domain": self.domain, "salt": base64.b64encode(salt).decode(),
                  "sealed": base64.b64encode(sealed).decode()}
        self.put(f"keys/{name}", json.dumps(fields).encode())
        return recovery_code(code)
