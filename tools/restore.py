#!/usr/bin/env python3
"""Gets disks back from a Holdfast repository with nothing but its objects and a recovery code.

No service, no database, no key service: this file, three packages (requirements.txt), and docs/format.md, which it
follows section by section (the numbers behind "§" in the comments). It only ever reads the objects.

    restore.py list    --objects DIR
    restore.py restore --objects DIR --root ID --output FILE
    restore.py verify  --objects DIR

DIR is a folder, or s3://BUCKET/PREFIX. Exit codes: 0 done; 1 could not start (wrong code, no such root); 2 wrong
arguments; 3 an object is damaged or missing, and named.
"""
import argparse, base64, binascii, getpass, hashlib, json, os, re, stat, struct, sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Iterable, Iterator, NamedTuple

try:
    import zstandard
    from blake3 import blake3
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError as error:
    sys.exit(f"restore.py: {error}; run: pip install -r requirements.txt")

# §4
BLOCK = 524_288
SUB_BLOCK = 65_536
BLOCKS_A_LEAF = 1_024
LEAF = BLOCK * BLOCKS_A_LEAF
# §5
FRAMES_A_PACK = 4_096
BYTES_BEFORE_DIRECTORY = 33_554_432
HEADER, RECORD, FOOTER, TAG = 64, 16, 40, 16
BLOCK_FRAME, LEAF_FRAME = 0, 1
# §2: the first byte of the nonce
FRAME_KIND, DIRECTORY_KIND, FOOTER_KIND, ROOT_KIND, AVOID_KIND, MAP_KIND, HOOKS_KIND, RECOVERY_KIND, CATALOG_KIND = range(1, 10)
SEALED = {  # folder of a sealed object -> its magic, the label of its key, its nonce kind
    "roots": (b"HOLDROOT", b"holdfast/v1/root", ROOT_KIND),
    "maps": (b"HOLDMAPS", b"holdfast/v1/map", MAP_KIND),
    "avoid": (b"HOLDAVST", b"holdfast/v1/avoid", AVOID_KIND),
    "hooks": (b"HOLDHOOK", b"holdfast/v1/hooks", HOOKS_KIND),
    "catalog": (b"HOLDCTLG", b"holdfast/v1/catalog", CATALOG_KIND),
}
NAMES = {  # §1: which names in a folder are part of the format
    "packs": re.compile(r"[0-9a-f]{32}"),
    "roots": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"),
    "maps": re.compile(r"(?!0{10})[0-9]{10}"),
    "avoid": re.compile(r"(?!0{10})[0-9]{10}"),
    "hooks": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"),
    "catalog": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"),
    "intents": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"),
    "keys": re.compile(r"recovery-[0-9a-f]{8}"),
}
# How this program reads: so many blocks at a time (32 MiB of disk), frames of one pack together when they are near.
WINDOW = 64
RUN = 4 * 1024 * 1024
GAP = 128 * 1024


class Refused(Exception):
    """Nothing can be done as asked: a wrong code, an unknown root, an output that exists."""


class Damage(Exception):
    """An object is not what the format says; the text begins with its name."""

    def __init__(self, name: str, why: str):
        super().__init__(f"{name}: {why}")
        self.name = name


class Missing(Damage):
    """An object is not there."""

    def __init__(self, name: str):
        super().__init__(name, "is missing")


# ---- Objects -------------------------------------------------------------------------------------------------------


class Folder:
    """Objects as files below a folder."""

    def __init__(self, path: str):
        if not os.path.isdir(path):
            raise Refused(f"{path} is not a folder")
        self.path = path

    def folders(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.path) if entry.is_dir())

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(os.path.join(self.path, folder)) if entry.is_file())
        except FileNotFoundError:
            return []

    def size(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self.path, name)).st_size
        except FileNotFoundError:
            raise Missing(name) from None

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """`length` bytes from `offset`, or all that follow; fewer where the object ends before."""
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError:
            raise Missing(name) from None


class S3:
    """Objects of an S3 bucket below a prefix. Region, credentials and endpoint are boto3's business."""

    def __init__(self, url: str):
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise Refused("reading from S3 needs boto3: pip install boto3") from None
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.prefix = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
        self.client = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 10}))
        self.said_no, self.went_wrong = ClientError, BotoCoreError

    def _ask(self, name: str, call):
        """What S3 answers; a connection that breaks in the middle of a body is tried again."""
        for left in range(4, -1, -1):
            try:
                return call()
            except self.said_no as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code in ("NoSuchKey", "404", "NotFound"):
                    raise Missing(name) from None
                if code == "InvalidRange":
                    return b""
                raise Refused(f"{name}: S3 says: {error}") from None
            except self.went_wrong as error:
                if left == 0:
                    raise Refused(f"{name}: {error}") from None

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        """Names of the folders and of the objects directly in a folder."""
        prefix = self.prefix + folder
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        folders, names = [], []
        for page in self._ask(folder, lambda: list(pages)):
            folders += [entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", [])]
            names += [entry["Key"][len(prefix) :] for entry in page.get("Contents", [])]
        return sorted(folders), sorted(names)

    def folders(self) -> list[str]:
        return self._list("")[0]

    def names(self, folder: str) -> list[str]:
        return self._list(f"{folder}/")[1]

    def size(self, name: str) -> int:
        return self._ask(name, lambda: self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)["ContentLength"])

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        part = f"bytes={offset}-{'' if length is None else offset + length - 1}"
        return self._ask(name, lambda: self.client.get_object(Bucket=self.bucket, Key=self.prefix + name, Range=part)["Body"].read())


# ---- Keys (§2, §3) -------------------------------------------------------------------------------------------------


def derive(secret: bytes, salt: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=label).derive(secret)


def nonce(kind: int, counter: int = 0) -> bytes:
    return bytes([kind]) + counter.to_bytes(11, "big")


DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def parse_recovery_code(text: str) -> bytes:
    """The 20 bytes of a recovery code as a person typed it."""
    read = re.sub(r"[\s-]", "", text).upper().translate(str.maketrans("OIL", "011"))
    if len(read) != 36 or any(digit not in DIGITS for digit in read):
        raise Refused(f"a recovery code is 36 letters and digits without U; this one has {len(read)}")
    number = 0
    for digit in read:
        number = number << 5 | DIGITS.index(digit)
    code, checksum = (number >> 20).to_bytes(20, "big"), number & 0xFFFFF
    if int.from_bytes(hashlib.sha256(b"holdfast recovery code" + code).digest()[:3], "big") >> 4 != checksum:
        raise Refused("the recovery code has a typing error: its checksum is wrong")
    return code


def parse_recovery_object(name: str, domain: str, data: bytes) -> tuple[bytes, bytes]:
    """Salt and sealed secret."""
    try:
        fields = json.loads(data)
        salt, sealed = (base64.b64decode(fields[key], validate=True) for key in ("salt", "sealed"))
        if (fields["format"], fields["domain"], len(salt), len(sealed)) != (1, domain, 32, 48):
            raise ValueError("format, domain or lengths are wrong")
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise Damage(name, f"is not a recovery object of this domain ({error})") from None
    return salt, sealed


def unseal_secret(code: bytes, domain: str, salt: bytes, sealed: bytes) -> bytes | None:
    aad = b"holdfast recovery\0" + domain.encode()
    try:
        return AESGCM(derive(code, salt, b"holdfast/v1/recovery")).decrypt(nonce(RECOVERY_KIND), sealed, aad)
    except InvalidTag:
        return None


# ---- What the objects say ------------------------------------------------------------------------------------------


class Fields:
    """Takes fields off the front of some bytes, and complains in the name of their object."""

    def __init__(self, name: str, data: bytes):
        self.name, self.data, self.at = name, data, 0

    def take(self, layout: str) -> tuple:
        return struct.unpack("<" + layout, self.bytes(struct.calcsize("<" + layout)))

    def bytes(self, length: int) -> bytes:
        if self.at + length > len(self.data):
            raise Damage(self.name, "ends too early")
        self.at += length
        return self.data[self.at - length : self.at]

    def check(self, good: bool, why: str) -> None:
        if not good:
            raise Damage(self.name, why)

    def end(self) -> None:
        self.check(self.at == len(self.data), "has bytes after its end")


class Place(NamedTuple):
    """Where a frame is, and all that its seal says about it (§5)."""

    pack: bytes
    frame: int
    offset: int
    stored: int
    plain: int
    codec: int
    type: int


class Part(NamedTuple):
    """A frame of a block: which sub-blocks it holds, and which of them the block takes (§6)."""

    place: Place
    holds: int
    uses: int


class Entry(NamedTuple):
    """A block that is not all zero (§6)."""

    id: bytes
    parts: tuple[Part, ...]


class Leaf(NamedTuple):
    """An entry of a root's leaf table (§7)."""

    place: Place
    data: int
    id: bytes


class PackFacts(NamedTuple):
    length: int
    frames: int
    tag: bytes


class Root:
    """§8, with the tables of §7."""

    def __init__(self, name: str, body: bytes):
        fields = Fields(name, body)
        self.name = name
        self.size, block, blocks, self.epoch, length = fields.take("QIIII")
        fields.check((block, blocks) == (BLOCK, BLOCKS_A_LEAF), "has another grid")
        try:
            self.description = json.loads(fields.bytes(length))
            fields.check(isinstance(self.description, dict), "its description is no JSON object")
        except ValueError:
            raise Damage(name, "its description is not JSON") from None
        self.packs: dict[bytes, PackFacts] = {}
        self.live: dict[bytes, bytes] = {}  # bitmaps
        for _ in range(fields.take("I")[0]):
            self._pack(fields)
        ids = list(self.packs)
        self.leaves: list[Leaf | None] = []
        for _ in range(fields.take("I")[0]):
            (position,) = fields.take("I")
            if position == 0xFFFFFFFF:
                self.leaves.append(None)
                continue
            frame, codec, reserved, offset, stored, plain, data, id = fields.take("HBBIIII32s")
            fields.check(position < len(ids) and codec <= 1 and reserved == 0, "an entry of its leaf table is wrong")
            self.leaves.append(Leaf(Place(ids[position], frame, offset, stored, plain, codec, LEAF_FRAME), data, id))
        fields.end()
        fields.check(len(self.leaves) == -(-self.size // LEAF), "has another number of leaves than its size asks for")

    def _pack(self, fields: Fields) -> None:
        id, length, frames, flags, reserved, _, tag = fields.take("16sIHBBI16s")
        fields.check(flags <= 3 and reserved == 0 and frames <= FRAMES_A_PACK, "an entry of its pack table is wrong")
        fields.check(id not in self.packs, "lists a pack twice")
        self.packs[id] = PackFacts(length, frames, tag)
        if not flags & 2:
            self.live[id] = fields.bytes(-(-frames // 8))
            return
        bits = 0
        for number in fields.take(f"{fields.take('H')[0]}H"):
            fields.check(number < frames and number >= bits.bit_length(), "a list of live frames is wrong")
            bits |= 1 << number
        self.live[id] = bits.to_bytes(-(-frames // 8), "little")


class Map:
    """Where frames have moved (§9). Without an object: nothing has moved."""

    RECORD = struct.Struct("<HHII")

    def __init__(self, name: str = "", body: bytes | None = None):
        self.name = name
        self.packs: dict[bytes, PackFacts] = {}
        self.moved: dict[bytes, bytes] = {}  # old pack -> its records; made ready for look-ups when first needed
        self.moves_of = lru_cache(maxsize=256)(self._moves_of)
        if body is not None:
            self._parse(Fields(name, body))
        self.ids = list(self.packs)

    def _parse(self, fields: Fields) -> None:
        fields.check(fields.take("I")[0] == int(self.name[-10:]), "holds another epoch than its name")
        last = b""
        for _ in range(fields.take("I")[0]):
            id, length, frames, reserved, tag = fields.take("16sIHH16s")
            fields.check(id > last and reserved == 0 and frames <= FRAMES_A_PACK, "its list of new packs is wrong")
            self.packs[id] = PackFacts(length, frames, tag)
            last = id
        last = b""
        for _ in range(fields.take("I")[0]):
            id, count, reserved = fields.take("16sHH")
            fields.check(id > last and reserved == 0, "its list of old packs is wrong")
            last, before = id, -1
            self.moved[id] = fields.bytes(self.RECORD.size * count)
            for old, _, pack, _ in self.RECORD.iter_unpack(self.moved[id]):
                fields.check(before < old and pack < len(self.packs), "its list of moved frames is wrong")
                before = old
        fields.end()

    def _moves_of(self, pack: bytes) -> dict[int, tuple[int, int, int]]:
        return {old: (frame, index, offset) for old, frame, index, offset in self.RECORD.iter_unpack(self.moved[pack])}

    def now(self, place: Place) -> Place:
        if place.pack not in self.moved or not (new := self.moves_of(place.pack).get(place.frame)):
            return place
        frame, index, offset = new
        return place._replace(pack=self.ids[index], frame=frame, offset=offset)


def parse_leaf(name: str, plain: bytes, lengths: list[int]) -> list[Entry | None]:
    """Entries of a leaf, one a block; None is a block of zeros (§6)."""
    fields = Fields(name, plain)
    magic, count, packs = fields.take("4sHH")
    fields.check(magic == b"LEAF" and count == len(lengths), "is not the leaf of this part of the disk")
    ids = [fields.bytes(16) for _ in range(packs)]
    entries: list[Entry | None] = []
    for length in lengths:
        (places,) = fields.take("B")
        if places == 0:
            entries.append(None)
            continue
        id, parts, covered = fields.bytes(32), [], 0
        for _ in range(places):
            position, frame, offset, stored, holds, uses, codec, reserved = fields.take("HHIIBBBB")
            fields.check(position < packs and codec <= 1 and reserved == 0, "an entry has a place that cannot be")
            fields.check(uses & ~holds == 0 and uses & covered == 0, "an entry takes what a frame does not hold, or twice")
            covered |= uses
            size = length if holds == 255 else SUB_BLOCK * holds.bit_count()
            parts.append(Part(Place(ids[position], frame, offset, stored, size, codec, BLOCK_FRAME), holds, uses))
        fields.check(places <= 8 and covered == 255, "an entry leaves some of its block out")
        fields.check(length == BLOCK or places == 1 and parts[0].holds == 255, "the short last block is not stored whole")
        entries.append(Entry(id, tuple(parts)))
    fields.end()
    return entries


class Pack:
    """What is needed to open frames of a pack (§5); after `load_directory`, also what it says of them."""

    def __init__(self, objects, domain: str, id: bytes, secret: bytes):
        self.objects, self.id, self.name = objects, id, f"{domain}/packs/{id.hex()}"
        header = Fields(self.name, objects.read(self.name, 0, HEADER))
        magic, version, reserved, own, salt = header.take("8sH6s16s32s")
        check_head(header, magic, b"HOLDPACK", version, reserved)
        header.check(own == id, "holds the pack of another name")
        self.cipher = AESGCM(derive(secret, salt, b"holdfast/v1/pack"))
        self.directory: bytes | None = None

    def open(self, part: str, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        try:
            return self.cipher.decrypt(nonce, sealed, aad)
        except InvalidTag:
            raise Damage(self.name, f"{part} does not open: damaged, or another secret's") from None

    def frame(self, place: Place, sealed: bytes) -> bytes:
        """Plain bytes of a frame."""
        what = f"frame {place.frame}"
        if not 0 < place.plain <= BLOCK or len(sealed) != place.stored or place.stored <= TAG:
            raise Damage(self.name, f"{what} has another length than it should")
        aad = struct.pack("<16sBBBBIII", self.id, FRAME_KIND, place.type, place.codec, 0, place.frame, place.plain, place.stored)
        content = self.open(what, nonce(FRAME_KIND, place.frame), sealed, aad)
        if place.codec == 1:
            content = unzstd(self.name, what, content, place.plain)
        if len(content) != place.plain:
            raise Damage(self.name, f"{what} has another plain length than it should")
        return content

    def load_directory(self) -> None:
        """Reads and checks footer and directory: together with the header they cover the pack without gaps."""
        length = self.objects.size(self.name)
        footer = Fields(self.name, self.objects.read(self.name, max(length - FOOTER, 0), FOOTER))
        footer.check(footer.bytes(8) == b"PACK-END", "has no footer at its end")
        sealed = footer.bytes(FOOTER - 8)
        aad = struct.pack("<16sB7xII", self.id, FOOTER_KIND, 0, length)
        offset, stored, frames, whole = struct.unpack("<IIII", self.open("the footer", nonce(FOOTER_KIND), sealed, aad))
        footer.check(whole == length and offset + stored + FOOTER == length and offset <= BYTES_BEFORE_DIRECTORY
                     and frames <= FRAMES_A_PACK and stored == RECORD * frames + TAG, "its footer has wrong lengths")
        aad = struct.pack("<16sB7xII", self.id, DIRECTORY_KIND, offset, frames)
        directory = self.open("the directory", nonce(DIRECTORY_KIND), self.objects.read(self.name, offset, stored), aad)
        at = HEADER
        for type, codec, reserved, start, stored, plain in struct.iter_unpack("<BBHIII", directory):
            footer.check(type <= 1 and codec <= 1 and reserved == 0 and start == at and 0 < plain <= BLOCK,
                         "its directory is wrong")
            at += stored
        footer.check(at == offset, "its directory leaves bytes out")
        self.facts = PackFacts(length, frames, sealed[-TAG:])
        self.directory = directory

    def place(self, frame: int) -> Place | None:
        """What the directory says of a frame."""
        if frame >= self.facts.frames:
            return None
        type, codec, _, offset, stored, plain = struct.unpack_from("<BBHIII", self.directory, RECORD * frame)
        return Place(self.id, frame, offset, stored, plain, codec, type)


def check_head(fields: Fields, magic: bytes, wanted: bytes, version: int, reserved: bytes) -> None:
    fields.check(magic == wanted, f"does not begin with {wanted.decode()}")
    fields.check(version == 1, f"is of format version {version}: damaged, or newer than this program")
    fields.check(not any(reserved), "reserved bytes are not zero")


def unzstd(name: str, what: str, content: bytes, plain: int) -> bytes:
    """Exactly one zstd frame, of a declared size and a bounded window, and nothing behind it (§5)."""
    try:
        says = zstandard.get_frame_parameters(content)
        if content[:4] != zstandard.FRAME_HEADER or says.dict_id or (says.content_size, says.window_size > BLOCK) != (plain, False):
            raise Damage(name, f"{what} declares another size or window than it may")
        return zstandard.ZstdDecompressor().decompress(content, read_across_frames=False, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise Damage(name, f"{what} is not one zstd frame ({error})") from None


# ---- A repository --------------------------------------------------------------------------------------------------


class Repository:
    """The objects of one domain, and the secret that opens them."""

    def __init__(self, objects, domain: str, secret: bytes, strict: bool = False):
        self.objects, self.domain, self.secret = objects, domain, secret
        self.id_key = derive(secret, b"", b"holdfast/v1/id")
        self.strict = strict  # compare places with directories, and note which frames were read
        self.read: dict[bytes, int] = {}  # pack -> bits of its frames
        self.pack = lru_cache(maxsize=1_024)(self._pack)
        self.kept: OrderedDict[Place, bytes] = OrderedDict()  # frames decoded last
        self.readers = ThreadPoolExecutor(max_workers=4)
        self.map: Map | None = None  # read when first needed

    def names(self, folder: str) -> list[str]:
        return [name for name in self.objects.names(f"{self.domain}/{folder}") if NAMES[folder].fullmatch(name)]

    def sealed(self, folder: str, name: str) -> bytes:
        """The plain body of a sealed object (§2)."""
        wanted, label, kind = SEALED[folder]
        full = f"{self.domain}/{folder}/{name}"
        data = self.objects.read(full)
        fields = Fields(full, data)
        magic, version, reserved, salt = fields.take("8sH6s32s")
        check_head(fields, magic, wanted, version, reserved)
        aad = data[: fields.at] + f"{folder}/{name}".encode()
        try:
            return AESGCM(derive(self.secret, salt, label)).decrypt(nonce(kind), data[fields.at :], aad)
        except (InvalidTag, ValueError):
            raise Damage(full, "does not open: damaged, or another secret's") from None

    def root(self, id: str) -> Root:
        return Root(f"{self.domain}/roots/{id}", self.sealed("roots", id))

    def _newest_map(self) -> Map:
        while True:
            epochs = self.names("maps")
            if not epochs:
                return Map()
            try:
                return Map(f"{self.domain}/maps/{epochs[-1]}", self.sealed("maps", epochs[-1]))
            except Missing:
                if self.names("maps") == epochs:
                    raise

    def _pack(self, id: bytes) -> Pack:
        pack = Pack(self.objects, self.domain, id, self.secret)
        if self.strict:
            pack.load_directory()
        return pack

    def load(self, places: Iterable[Place]) -> dict[Place, bytes | Damage]:
        """The plain bytes of each frame, wherever it is now, or the damage that keeps them back."""
        if self.map is None:
            self.map = self._newest_map()
        now = {place: self.map.now(place) for place in places}
        found = self.fetch(set(now.values()))
        if any(isinstance(got, Missing) for got in found.values()):
            # The map may have been replaced, and the pack gone, since it was read (§9).
            known, self.map = self.map.name, self._newest_map()
            if self.map.name != known:
                now = {place: self.map.now(place) for place in places}
                found |= self.fetch({place for place in now.values() if isinstance(found.get(place), Missing | None)})
        return {place: found[now[place]] for place in now}

    def fetch(self, places: set[Place]) -> dict[Place, bytes | Damage]:
        found = {place: self.kept[place] for place in places if place in self.kept}
        for part in self.readers.map(self._read_run, runs(places - found.keys())):
            found |= part
        for place, got in found.items():
            if isinstance(got, bytes):
                self.kept[place] = got
                self.kept.move_to_end(place)
            if self.strict:
                self.read[place.pack] = self.read.get(place.pack, 0) | 1 << place.frame
        while len(self.kept) > WINDOW:
            self.kept.popitem(last=False)
        return found

    def _read_run(self, run: list[Place]) -> dict[Place, bytes | Damage]:
        """Frames of one pack that are near each other: one read."""
        try:
            pack = self.pack(run[0].pack)
            start, end = run[0].offset, max(place.offset + place.stored for place in run)
            data = memoryview(self.objects.read(pack.name, start, end - start))
        except Damage as damage:
            return dict.fromkeys(run, damage)
        found: dict[Place, bytes | Damage] = {}
        for place in run:
            try:
                if self.strict and pack.place(place.frame) != place:
                    raise Damage(pack.name, f"frame {place.frame} is not what its directory says, or an entry asks for another")
                found[place] = pack.frame(place, data[place.offset - start :][: place.stored])
            except Damage as damage:
                found[place] = damage
        return found

    def leaf(self, root: Root, number: int) -> list[Entry | None]:
        """The entries of a leaf that is not all zero."""
        leaf = root.leaves[number]
        plain = self.load([leaf.place])[leaf.place]
        if isinstance(plain, Damage):
            raise plain
        name = f"{root.name}: leaf {number} (in packs/{leaf.place.pack.hex()})"
        if blake3(plain, key=self.id_key).digest() != leaf.id:
            raise Damage(name, "has another id than its root says")
        lengths = block_lengths(root.size, number)
        entries = parse_leaf(name, plain, lengths)
        if sum(length for length, entry in zip(lengths, entries) if entry) != leaf.data:
            raise Damage(name, "has another number of bytes than its root says")
        return entries

    def blocks(self, root: Root, number: int, entries: list[Entry | None]) -> Iterator[tuple[int, int, bytes | Damage | None]]:
        """Offset on the disk, length, and bytes of each block of a leaf; None for zeros."""
        lengths = block_lengths(root.size, number)
        for first in range(0, len(entries), WINDOW):
            window = entries[first : first + WINDOW]
            frames = self.load({part.place for entry in window if entry for part in entry.parts})
            for index, entry in enumerate(window, first):
                offset = number * LEAF + index * BLOCK
                what = f"{root.name}: block {number * BLOCKS_A_LEAF + index}"
                yield offset, lengths[index], entry and self._block(what, entry, frames)

    def _block(self, what: str, entry: Entry, frames: dict[Place, bytes | Damage]) -> bytes | Damage:
        pieces = [frames[part.place] for part in entry.parts]
        for piece in pieces:
            if isinstance(piece, Damage):
                return piece
        block = pieces[0] if len(pieces) == 1 else patched(entry.parts, pieces)
        if blake3(block, key=self.id_key).digest() != entry.id:
            return Damage(what, "has another id than its leaf says")
        return block


def patched(parts: tuple[Part, ...], pieces: list[bytes]) -> bytes:
    """A block out of the sub-blocks that each frame gives it (§6)."""
    block = bytearray(BLOCK)
    for part, piece in zip(parts, pieces):
        at = 0
        for bit in range(8):
            if part.uses >> bit & 1:
                block[bit * SUB_BLOCK : (bit + 1) * SUB_BLOCK] = piece[at : at + SUB_BLOCK]
            at += (part.holds >> bit & 1) * SUB_BLOCK
    return bytes(block)


def runs(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Places in the order of their packs, those that one read gets together."""
    run: list[Place] = []
    for place in sorted(places, key=lambda place: (place.pack, place.offset)):
        if run and (place.pack != run[0].pack or place.offset > run[-1].offset + run[-1].stored + GAP
                    or place.offset + place.stored > run[0].offset + RUN):
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def block_lengths(size: int, leaf: int) -> list[int]:
    end = min(size, (leaf + 1) * LEAF)
    return [min(BLOCK, end - at) for at in range(leaf * LEAF, end, BLOCK)]


# ---- restore -------------------------------------------------------------------------------------------------------


class Output:
    """Where a disk goes, from its first byte to its last: a file, a block device, or standard output.

    A file has its name only when it is whole and on disk; until then it is FILE.part, and zeros are holes in it.
    Nothing but a regular file is ever replaced: a device is written in place.
    """

    def __init__(self, path: str, size: int, overwrite: bool):
        self.path, self.size = os.path.realpath(path), size
        mode = os.stat(path).st_mode if path != "-" and os.path.exists(path) else None
        if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
            raise Refused(f"{path} is neither a file nor a block device; - is standard output")
        if mode is not None and not overwrite:
            raise Refused(f"{path} exists; --overwrite replaces it")
        self.pipe = path == "-"
        self.new = not self.pipe and (mode is None or stat.S_ISREG(mode))
        if self.pipe:
            self.file = sys.stdout.buffer
        elif self.new:
            self.file = open(f"{self.path}.part", "wb")
        else:
            self.file = open(path, "r+b")
            if self.file.seek(0, os.SEEK_END) < size:
                raise Refused(f"{path} is smaller than the disk, which has {size} bytes")
            self.file.seek(0)

    def zeros(self, length: int) -> None:
        if self.new:
            self.file.seek(length, os.SEEK_CUR)
            return
        for at in range(0, length, BLOCK):
            self.file.write(bytes(min(BLOCK, length - at)))

    def finish(self) -> None:
        if self.new:
            self.file.truncate(self.size)
        self.file.flush()
        if self.pipe:
            return
        os.fsync(self.file.fileno())
        self.file.close()
        if self.new:
            os.replace(f"{self.path}.part", self.path)
            folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def give_up(self) -> None:
        if self.new and os.path.exists(f"{self.path}.part"):
            self.file.close()
            os.unlink(f"{self.path}.part")


def restore(repository: Repository, root: Root, output: Output, skip_damaged: bool) -> int:
    """Writes the disk; what is damaged ends it, or is left as zeros and named. Bytes that were left out."""
    left_out = 0

    def leave_out(damage: Damage, offset: int, length: int) -> None:
        nonlocal left_out
        if not skip_damaged:
            raise damage
        say(f"damaged: {damage}; bytes {offset} to {offset + length - 1} of the disk are left zero")
        output.zeros(length)
        left_out += length

    for number, leaf in enumerate(root.leaves):
        progress(f"{number * LEAF * 100 // root.size} %")
        start, length = number * LEAF, min(LEAF, root.size - number * LEAF)
        if leaf is None:
            output.zeros(length)
            continue
        try:
            entries = repository.leaf(root, number)
        except Damage as damage:
            leave_out(damage, start, length)
            continue
        for offset, length, block in repository.blocks(root, number, entries):
            if block is None:
                output.zeros(length)
            elif isinstance(block, Damage):
                leave_out(block, offset, length)
            else:
                output.file.write(block)
    output.finish()
    return left_out


# ---- verify --------------------------------------------------------------------------------------------------------


class Verification:
    """Reads everything once and keeps the first thing that is wrong with each object."""

    def __init__(self, repository: Repository):
        self.repository = repository
        self.damage: dict[str, str] = {}
        self.good: set[int] = set()  # hashes of entries whose blocks were good: other roots have them too

    def note(self, damage: Damage, listed: bool = False) -> None:
        """An object that was `listed`, and is missing now, was not needed any more: the service is at work."""
        if listed and isinstance(damage, Missing):
            return
        if damage.name not in self.damage:
            self.damage[damage.name] = str(damage)
            say(f"damaged: {damage}")

    def root(self, id: str) -> None:
        try:
            root = self.repository.root(id)
        except Damage as damage:
            return self.note(damage, listed=True)
        lost = 0
        for number, leaf in enumerate(root.leaves):
            progress(f"root {id}: {number * LEAF * 100 // root.size} %")
            if leaf is None:
                continue
            lengths = block_lengths(root.size, number)
            try:
                entries = self.repository.leaf(root, number)
                self.listed(root, [leaf.place] + [part.place for entry in entries if entry for part in entry.parts])
            except Damage as damage:
                self.note(damage)
                lost += len(lengths)
                continue
            new = [entry if hash(entry) not in self.good else None for entry in entries]
            for entry, (_, _, block) in zip(new, self.repository.blocks(root, number, new)):
                if isinstance(block, Damage):
                    self.note(block)
                    lost += 1
                elif entry and len(self.good) < 2_000_000:
                    self.good.add(hash(entry))
        for pack, facts in root.packs.items():
            self.tag(root.name, pack, facts)
        print(f"root {id}: {'good' if lost == 0 else f'{lost} blocks are lost'}")

    def listed(self, root: Root, places: list[Place]) -> None:
        """The pack table says that this backup needs each frame: garbage collection goes by it (§7)."""
        for place in places:
            live, facts = root.live.get(place.pack, b""), root.packs.get(place.pack)
            if not facts or place.frame >= facts.frames or not live[place.frame // 8] >> place.frame % 8 & 1:
                raise Damage(root.name, f"does not list frame {place.frame} of packs/{place.pack.hex()}, which it needs")

    def tag(self, name: str, id: bytes, facts: PackFacts) -> None:
        """The pack is the one that its user means. One that is gone is missed when one of its frames is."""
        try:
            if self.repository.pack(id).facts != facts:
                self.note(Damage(name, f"means another pack than the packs/{id.hex()} that is there"))
        except Damage as damage:
            self.note(damage, listed=True)

    def rest_of_pack(self, id: bytes) -> None:
        """Frames that no root asked for."""
        try:
            pack = self.repository.pack(id)
        except Damage as damage:
            return self.note(damage, listed=True)
        read = self.repository.read.get(id, 0)
        unread = [place for frame in range(pack.facts.frames) if not read >> frame & 1 and (place := pack.place(frame))]
        for first in range(0, len(unread), WINDOW):
            for got in self.repository.fetch(set(unread[first : first + WINDOW])).values():
                if isinstance(got, Damage):
                    self.note(got)

    def others(self) -> None:
        """Objects that a restore does not need."""
        for folder in "maps", "avoid", "hooks", "catalog":
            for name in self.repository.names(folder):
                try:
                    body = self.repository.sealed(folder, name)
                    if folder == "maps":
                        Map(f"{self.repository.domain}/maps/{name}", body)
                except Damage as damage:
                    self.note(damage, listed=True)
        for name in self.repository.names("keys"):
            full = f"{self.repository.domain}/keys/{name}"
            try:
                parse_recovery_object(full, self.repository.domain, self.repository.objects.read(full))
            except Damage as damage:
                self.note(damage)

    def lost(self) -> None:
        """Roots that the catalog has, and that are not there although nobody deleted them; in the order that §11 asks for."""
        entered = self.repository.names("catalog")
        absent = sorted(set(entered) - set(self.repository.names("roots")))
        deleted = self.repository.names("intents") if absent else []
        still = self.repository.names("catalog") if absent else []
        for id in absent:
            if id not in deleted and id in still:
                self.note(Damage(f"{self.repository.domain}/roots/{id}", "is missing: the catalog has it, and nobody deleted it"))

    def all(self) -> None:
        for id in self.repository.names("roots"):
            self.root(id)
        if moved := self.repository.map:
            for id, facts in moved.packs.items():
                self.tag(moved.name, id, facts)
        for name in self.repository.names("packs"):
            progress(f"packs/{name}")
            self.rest_of_pack(bytes.fromhex(name))
        self.others()
        self.lost()


# ---- The command line ----------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, file=sys.stderr)


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def domains(objects) -> list[str]:
    """Folders that hold a repository; a folder of objects has `tmp/` and `trash/` beside them (§1)."""
    return [name for name in objects.folders() if name not in ("tmp", "trash")
            and any(objects.names(f"{name}/{folder}") for folder in ("roots", "keys", "packs"))]


def secrets(objects, options: argparse.Namespace) -> dict[str, bytes]:
    """The secret of each domain that the user can open (§3)."""
    there = domains(objects)
    if options.domain is not None:
        there = [domain for domain in there if domain == options.domain]
    if not there:
        raise Refused(f"{options.objects} holds no {'such domain' if options.domain else 'repository'}")
    if options.secret_file:
        if len(there) > 1:
            raise Refused(f"several domains; --domain names the one of this secret: {', '.join(there)}")
        return {there[0]: read_secret(options.secret_file)}
    text = options.recovery_code or os.environ.get("HOLDFAST_RECOVERY_CODE") or getpass.getpass("Recovery code: ")
    code, found, wrong, tried = parse_recovery_code(text), {}, [], 0
    for domain in there:
        for name in objects.names(f"{domain}/keys"):
            if not NAMES["keys"].fullmatch(name):
                continue
            tried += 1
            try:
                full = f"{domain}/keys/{name}"
                if secret := unseal_secret(code, domain, *parse_recovery_object(full, domain, objects.read(full))):
                    found[domain] = secret
                    break
            except Damage as damage:
                wrong.append(damage)
    for damage in wrong:
        say(f"damaged: {damage}")
    if not found:
        raise Refused(f"the recovery code fits none of the {tried} recovery objects of {', '.join(there)}")
    return found


def read_secret(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(1_024)
    if len(data) == 32:
        return data
    if re.fullmatch(rb"[0-9a-fA-F]{64}", data.strip()):
        return bytes.fromhex(data.strip().decode())
    raise Refused(f"{path} is neither 32 bytes nor 64 hexadecimal digits")


def command_list(objects, options: argparse.Namespace) -> int:
    damaged = 0
    for domain, secret in secrets(objects, options).items():
        repository = Repository(objects, domain, secret)
        for id in repository.names("roots"):
            try:
                root = repository.root(id)
            except Damage as damage:
                say(f"damaged: {damage}")
                damaged = 3
                continue
            if options.json:
                print(json.dumps({"domain": domain, "root": id, "size": root.size, "description": root.description}))
                continue
            print(f"{domain}  {id}  {root.size} bytes")
            for key, value in root.description.items():
                print(f"    {key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return damaged


def command_restore(objects, options: argparse.Namespace) -> int:
    with_root = [repository for domain, secret in secrets(objects, options).items()
                 if options.root in (repository := Repository(objects, domain, secret)).names("roots")]
    if len(with_root) != 1:
        raise Refused(f"{'several domains have' if with_root else 'there is no'} root {options.root}; see list and --domain")
    root = with_root[0].root(options.root)
    output = Output(options.output, root.size, options.overwrite)
    try:
        left_out = restore(with_root[0], root, output, options.skip_damaged)
    except BaseException:
        output.give_up()
        raise
    say(f"{options.root}: {root.size} bytes restored" + (f", {left_out} of them left zero" if left_out else ""))
    return 3 if left_out else 0


def command_verify(objects, options: argparse.Namespace) -> int:
    damaged = 0
    for domain, secret in secrets(objects, options).items():
        verification = Verification(Repository(objects, domain, secret, strict=True))
        if options.root is None:
            verification.all()
        elif options.root in verification.repository.names("roots"):
            verification.root(options.root)
        else:
            raise Refused(f"there is no root {options.root}; see list and --domain")
        damaged += len(verification.damage)
    say(f"{damaged} objects are damaged" if damaged else "everything is good")
    return 3 if damaged else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="restore.py", description="Gets disks back from a Holdfast repository.")
    commands = parser.add_subparsers(required=True, metavar="list|restore|verify")
    for name, run, what in (("list", command_list, "show the domains and roots"),
                            ("restore", command_restore, "write the disk of a root"),
                            ("verify", command_verify, "read and check everything, or what one root needs")):
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        command.add_argument("--objects", required=True, metavar="DIR", help="a folder, or s3://BUCKET/PREFIX")
        command.add_argument("--domain", metavar="ID", help="only this key domain")
        secret = command.add_mutually_exclusive_group()
        secret.add_argument("--recovery-code", metavar="CODE",
                            help="else HOLDFAST_RECOVERY_CODE of the environment is used, else it is asked for")
        secret.add_argument("--secret-file", metavar="FILE", help="the domain's secret: 32 bytes, or 64 hexadecimal digits")
        if name == "list":
            command.add_argument("--json", action="store_true", help="one JSON object a line")
        else:
            command.add_argument("--root", required=name == "restore", metavar="ID")
        if name == "restore":
            command.add_argument("--output", required=True, metavar="FILE", help="a file, a block device, or - for standard output")
            command.add_argument("--overwrite", action="store_true", help="replace the file; needed for a block device")
            command.add_argument("--skip-damaged", action="store_true", help="leave what is damaged zero, name it, and go on")
    options = parser.parse_args(arguments)
    try:
        return options.run(S3(options.objects) if options.objects.startswith("s3://") else Folder(options.objects), options)
    except Damage as damage:
        say(f"damaged: {damage}")
        return 3
    except (Refused, OSError) as error:
        say(f"restore.py: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
