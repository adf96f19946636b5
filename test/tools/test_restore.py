"""What tools/restore.py promises, on repositories that repository_writer.py made from docs/format.md.

Run by restore.test.ts, or by hand: python -m unittest discover -s test/tools
"""
import contextlib, io, json, os, pathlib, sys, tempfile, types, unittest
from unittest import mock

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

import restore
import zstandard
from repository_writer import BLOCK, SUB_BLOCK, Frame, From, Writer, recovery_code
from sample import CODE, SHORT, Sample, noise


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.temporary = pathlib.Path(temporary.name)
        self.objects = self.temporary / "objects"
        self.objects.mkdir()
        self.output = self.temporary / "disk.img"

    def run_it(self, command: str, *more: str, code: str | None = None) -> int:
        """Exit code; what it said is in `self.said` (standard error) and `self.printed`."""
        said, printed = io.StringIO(), io.StringIO()
        arguments = [command, "--objects", str(self.objects), *more]
        if "--secret-file" not in more:
            arguments += ["--recovery-code", code or recovery_code(CODE)]
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
            try:
                return restore.main(arguments)
            finally:
                self.said, self.printed = said.getvalue(), printed.getvalue()

    def restore(self, root: str, *more: str) -> int:
        return self.run_it("restore", "--root", root, "--output", str(self.output), *more)

    def refuses(self, root: str, says: str) -> None:
        """The restore ends with 3, names the damage in one line, and leaves no file."""
        self.assertEqual(self.restore(root), 3, self.said)
        self.assertIn(says, self.said)
        self.assertEqual(len(self.said.splitlines()), 1, self.said)
        self.assertEqual(list(self.temporary.iterdir()), [self.objects])

    def one_block(self, frames: list[Frame], block: bytes, places=((0, 255, 255),), **wrong) -> Writer:
        """A repository whose root `r` has one block."""
        writer = Writer(self.objects)
        writer.recovery(CODE)
        pack = writer.pack(frames)
        entry = (wrong.get("id", writer.id(block)), [From(pack, *place) for place in places])
        leaf = wrong.get("leaf", writer.leaf([entry]))
        leaves = writer.pack([Frame(leaf, type=wrong.get("leaf_type", 1))])
        packs = [(pack, wrong.get("live", range(len(frames)))), (leaves, [0])]
        table = [(leaves, 0, wrong.get("leaf_id", writer.id(leaf)), wrong.get("data", len(block)))]
        body = writer.root_body(wrong.get("size", len(block)), packs, wrong.get("table", table),
                                grid=wrong.get("grid", (BLOCK, 1_024)))
        writer.sealed("roots/r", body + wrong.get("after", b""))
        return writer


class ASampleIsRestored(Case):
    def setUp(self):
        super().setUp()
        self.sample = Sample(self.objects)

    def test_disk_with_zeros_repeats_and_a_short_last_block_is_as_it_was_and_sparse(self):
        self.assertEqual(self.restore("full"), 0, self.said)
        self.holds(self.sample.blocks)
        self.assertLess(self.output.stat().st_blocks * 512, 8 * BLOCK)

    def holds(self, blocks: dict[int, bytes]) -> None:
        """The restored `full` is these blocks and zeros; holes are not read, there is a gibibyte of them."""
        with open(self.output, "rb") as disk:
            self.assertEqual(disk.seek(0, os.SEEK_END), self.sample.size)
            for at, block in blocks.items():
                disk.seek(at * BLOCK)
                self.assertTrue(disk.read(len(block)) == block, f"block {at}")
            at = 0
            while at < self.sample.size:
                try:
                    at = os.lseek(disk.fileno(), at, os.SEEK_DATA)
                except OSError:
                    break
                disk.seek(at)
                length = BLOCK - at % BLOCK
                if at // BLOCK not in blocks:
                    self.assertFalse(any(disk.read(length)), f"block {at // BLOCK} is not zero")
                at += length

    def test_patched_blocks_are_put_together_from_frames_that_moved_twice(self):
        self.assertEqual(self.restore("later"), 0, self.said)
        self.assertTrue(self.output.read_bytes() == self.sample.later_disk())

    def test_standard_output_gets_every_byte(self):
        writer, entries = self.sample.writer, self.sample.entries
        leaf = writer.leaf([entries[0], None, entries[1]])
        pack = writer.pack([Frame(leaf, type=1)])
        body = writer.root_body(3 * BLOCK, self.sample.packs + [(pack, [0])], [(pack, 0, writer.id(leaf), 2 * BLOCK)])
        writer.sealed("roots/small", body)
        raw = io.BytesIO()
        with mock.patch.object(restore.sys, "stdout", types.SimpleNamespace(buffer=raw)), \
                contextlib.redirect_stderr(io.StringIO()):
            code = restore.main(["restore", "--objects", str(self.objects), "--root", "small", "--output", "-",
                                 "--recovery-code", recovery_code(CODE)])
        self.assertEqual(code, 0)
        self.assertTrue(raw.getvalue() == self.sample.blocks[0] + bytes(BLOCK) + self.sample.blocks[1])

    def test_output_that_exists_is_kept_unless_asked_otherwise(self):
        self.output.write_bytes(b"mine")
        self.assertEqual(self.restore("later"), 1)
        self.assertEqual(self.output.read_bytes(), b"mine")
        self.assertEqual(self.restore("later", "--overwrite"), 0)
        self.assertTrue(self.output.read_bytes() == self.sample.later_disk())

    def test_what_is_no_file_is_never_replaced(self):
        os.mkfifo(self.output)
        self.assertEqual(self.restore("later", "--overwrite"), 1)
        self.assertTrue(self.output.is_fifo())

    def test_a_link_stays_a_link(self):
        target = self.temporary / "target.img"
        target.write_bytes(b"old")
        self.output.symlink_to(target)
        self.assertEqual(self.restore("later", "--overwrite"), 0, self.said)
        self.assertTrue(self.output.is_symlink() and target.read_bytes() == self.sample.later_disk())

    def test_list_shows_roots_and_leaves_other_folders_alone(self):
        self.assertEqual(self.run_it("list", "--json"), 0, self.said)
        rows = [json.loads(line) for line in self.printed.splitlines()]
        self.assertEqual([(row["domain"], row["root"], row["size"]) for row in rows],
                         [("domain-1", "full", self.sample.size), ("domain-1", "later", 2 * BLOCK)])
        self.assertEqual(rows[0]["description"]["disk"], "vda")
        self.assertEqual(self.run_it("list"), 0)
        self.assertIn("disk: vda", self.printed)

    def test_verify_finds_nothing_wrong(self):
        self.assertEqual(self.run_it("verify"), 0, self.said)
        self.assertEqual(self.run_it("verify", "--root", "later"), 0, self.said)

    def test_every_flipped_or_shortened_object_is_named_by_verify(self):
        for path in sorted((self.objects / "domain-1").rglob("*")):
            name = str(path.relative_to(self.objects))
            if path.is_dir() or name.endswith(("keys/service", "not-of-the-format")):
                continue
            good = path.read_bytes()
            key = "keys/" in name
            spots = {0, 8, 10, 20, 40, 70, len(good) // 2, len(good) - 30, len(good) - 1} if not key else {12, len(good) - 2}
            wrongs = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in spots if at < len(good)]
            wrongs += [good[:-1], good[: len(good) // 2], b"", good + b"\0"]
            for wrong in wrongs if not key else wrongs[2:4]:
                path.write_bytes(wrong)
                self.assertEqual(self.run_it("verify", *self.by_secret()), 3, name)
                self.assertIn(f"damaged: {name}: ", self.said)
            path.write_bytes(good)
        self.assertEqual(self.run_it("verify"), 0)

    def by_secret(self) -> list[str]:
        path = self.temporary / "secret"
        path.write_bytes(self.sample.writer.secret)
        return ["--secret-file", str(path)]

    def test_objects_under_each_others_names_are_refused(self):
        for folder, root in ("roots", "full"), ("packs", "full"), ("maps", "later"):
            with self.subTest(folder):
                paths = [path for path in sorted((self.objects / "domain-1" / folder).iterdir()) if "not" not in path.name]
                if folder == "packs":
                    paths = [self.sample.path(self.sample.a), self.sample.path(self.sample.b)]
                first, second = (path.read_bytes() for path in paths[-2:])
                paths[-2].write_bytes(second), paths[-1].write_bytes(first)
                self.refuses(root, f"domain-1/{folder}/")
                paths[-2].write_bytes(first), paths[-1].write_bytes(second)

    def test_a_root_that_is_lost_is_missed_unless_somebody_deleted_it(self):
        (self.objects / "domain-1" / "roots" / "full").unlink()
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn("roots/full: is missing", self.said)
        self.sample.writer.put("intents/full", b"{}")
        self.assertEqual(self.run_it("verify"), 0, self.said)

    def test_missing_pack_is_named(self):
        self.sample.path(self.sample.b).unlink()
        self.refuses("full", f"domain-1/packs/{self.sample.b.id.hex()}: is missing")
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn(self.sample.b.id.hex(), self.said)
        self.assertIn("root full: 2 blocks are lost", self.printed)

    def test_damage_can_be_skipped_and_only_the_damage_is_zero(self):
        path = self.sample.path(self.sample.a)
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
        self.refuses("full", self.sample.a.id.hex())
        self.assertEqual(self.restore("full", "--skip-damaged"), 3)
        self.holds({at: block for at, block in self.sample.blocks.items() if at not in (0, 3)})
        self.assertIn("bytes 0 to 524287", self.said)

    def test_a_map_that_is_replaced_while_reading_is_read_again(self):
        """The reader has map 2; before it reads a pack, map 3 moves that pack's frames and the pack goes."""
        sample, read, done = self.sample, restore.Folder.read, []

        def compaction(folder, name, *more):
            if name == f"domain-1/packs/{sample.moved.id.hex()}" and not done:
                done.append(True)
                new = sample.writer.pack([Frame(noise(11, 4 * SUB_BLOCK), codec=1), Frame(noise(10, 3 * SUB_BLOCK))])
                gone = sample.later_packs[1][0]
                sample.writer.sealed("maps/0000000003", sample.writer.map_body(3, [(gone, 0, new, 1), (gone, 1, new, 0)]))
                sample.path(sample.moved).unlink()
            return read(folder, name, *more)

        with mock.patch.object(restore.Folder, "read", compaction):
            self.assertEqual(self.restore("later"), 0, self.said)
        self.assertTrue(done and self.output.read_bytes() == sample.later_disk())

    def test_the_newest_map_is_the_only_one_that_counts(self):
        (self.objects / "domain-1" / "maps" / "0000000002").unlink()
        self.refuses("later", "is missing")

    def test_s3_is_read_like_a_folder(self):
        with mock.patch.dict(sys.modules, fake_boto3(self.objects)):
            code = self.run_it("restore", "--objects", "s3://bucket/some/prefix", "--root", "later", "--output", str(self.output))
            self.assertEqual(code, 0, self.said)
            self.assertTrue(self.output.read_bytes() == self.sample.later_disk())
            self.assertEqual(self.run_it("verify", "--objects", "s3://bucket/some/prefix"), 0, self.said)
            self.sample.path(self.sample.b).unlink()
            self.assertEqual(self.run_it("verify", "--objects", "s3://bucket/some/prefix"), 3)

    def test_s3_without_boto3_says_what_to_install(self):
        with mock.patch.dict(sys.modules, {"boto3": None}):
            self.assertEqual(self.run_it("list", "--objects", "s3://bucket"), 1)
        self.assertIn("pip install boto3", self.said)


def fake_boto3(folder: pathlib.Path) -> dict[str, types.ModuleType]:
    """Modules that serve a folder as the bucket `bucket` below `some/prefix/`."""

    class ClientError(Exception):
        response = {"Error": {"Code": "NoSuchKey"}}

    class BotoCoreError(Exception):
        pass

    class Client:
        broken = 0

        def get_paginator(self, _):
            return self

        def paginate(self, Bucket, Prefix, Delimiter):
            assert (Bucket, Delimiter) == ("bucket", "/") and Prefix.startswith("some/prefix/")
            below = folder / Prefix.removeprefix("some/prefix/")
            for entry in below.iterdir() if below.is_dir() else []:
                if entry.is_dir():
                    yield {"CommonPrefixes": [{"Prefix": f"{Prefix}{entry.name}/"}]}
                else:
                    yield {"Contents": [{"Key": f"{Prefix}{entry.name}"}]}

        def path(self, key: str) -> pathlib.Path:
            path = folder / key.removeprefix("some/prefix/")
            if not path.exists():
                raise ClientError
            return path

        def head_object(self, Bucket, Key):
            return {"ContentLength": self.path(Key).stat().st_size}

        def get_object(self, Bucket, Key, Range):
            Client.broken += 1
            if Client.broken % 5 == 1:
                raise BotoCoreError("connection broken")
            first, last = Range.removeprefix("bytes=").split("-")
            data = self.path(Key).read_bytes()
            return {"Body": io.BytesIO(data[int(first) : int(last) + 1 if last else None])}

    modules = {name: types.ModuleType(name) for name in ("boto3", "botocore", "botocore.config", "botocore.exceptions")}
    modules["boto3"].client = lambda *_, **__: Client()
    modules["botocore.config"].Config = lambda **_: None
    modules["botocore.exceptions"].ClientError = ClientError
    modules["botocore.exceptions"].BotoCoreError = BotoCoreError
    return modules


class ARecoveryCodeOpensItsDomain(Case):
    def setUp(self):
        super().setUp()
        self.writer = self.one_block([Frame(noise(1))], noise(1))

    def test_code_is_read_as_people_type_it(self):
        code = recovery_code(CODE)
        for typed in code.lower(), code.replace("-", " "), code.replace("0", "o").replace("1", "l"), f" {code}\n":
            self.assertEqual(self.run_it("list", code=typed), 0, typed)

    def test_typing_errors_are_told_from_wrong_codes(self):
        code = recovery_code(CODE)
        for typed in ("2" if code[0] != "2" else "3") + code[1:], code[:-1], code + "0", "U" + code[1:]:
            self.assertEqual(self.run_it("list", code=typed), 1, typed)
            self.assertNotIn("fits none", self.said)
        self.assertEqual(self.run_it("list", code=recovery_code(bytes(20))), 1)
        self.assertIn("fits none of the 1 recovery objects", self.said)

    def test_every_recovery_object_is_tried_damaged_ones_too(self):
        self.writer.recovery(bytes(20), "recovery-00000000")
        self.writer.put("keys/recovery-00000001", b"{")
        self.assertEqual(self.run_it("list"), 0, self.said)
        self.assertEqual(self.run_it("list", code=recovery_code(bytes(20))), 0, self.said)

    def test_code_opens_only_its_own_domain(self):
        other = Writer(self.objects, "domain-2")
        other.recovery(bytes(20))
        other.sealed("roots/theirs", other.root_body(0, [], []))
        self.assertEqual(self.run_it("list", "--json"), 0)
        self.assertEqual([json.loads(line)["root"] for line in self.printed.splitlines()], ["r"])
        self.assertEqual(self.run_it("list", "--domain", "domain-2"), 1)

    def test_recovery_object_of_another_domain_is_refused(self):
        (self.objects / "domain-1").rename(self.objects / "domain-9")
        self.assertEqual(self.run_it("list"), 1)
        self.assertIn("domain-9/keys/recovery-00c0ffee", self.said)

    def test_secret_file_may_be_bytes_or_digits(self):
        path = self.temporary / "secret"
        for content in self.writer.secret, self.writer.secret.hex().encode() + b"\n":
            path.write_bytes(content)
            self.assertEqual(self.run_it("list", "--secret-file", str(path)), 0, self.said)
        path.write_bytes(b"short")
        self.assertEqual(self.run_it("list", "--secret-file", str(path)), 1)
        path.write_bytes(bytes(32))
        self.assertEqual(self.run_it("list", "--secret-file", str(path)), 3)

    def test_unknown_root_is_an_error_of_the_user(self):
        self.assertEqual(self.restore("../r"), 1)
        self.assertEqual(self.restore("nothing"), 1)
        self.assertEqual(self.run_it("verify", "--root", "nothing"), 1)


class WhatTheFormatForbidsIsRefused(Case):
    def test_a_good_one_is_not(self):
        self.one_block([Frame(noise(1))], noise(1))
        self.assertEqual(self.restore("r"), 0, self.said)

    def test_wrong_ids(self):
        self.one_block([Frame(noise(1))], noise(1), id=bytes(32))
        self.refuses("r", "domain-1/roots/r: block 0: has another id")
        self.one_block([Frame(noise(1))], noise(1), leaf_id=bytes(32))
        self.refuses("r", "domain-1/roots/r: leaf 0")

    def test_leaf_sealed_as_a_block(self):
        self.one_block([Frame(noise(1))], noise(1), leaf_type=0)
        self.refuses("r", "domain-1/packs/")

    def test_root_of_another_grid_of_another_size_or_with_more_behind_it(self):
        for wrong in {"grid": (65_536, 1_024)}, {"grid": (BLOCK, 512)}, {"size": 1 << 40}, {"after": b"\0"}, {"table": []}:
            self.one_block([Frame(noise(1))], noise(1), **wrong)
            self.refuses("r", "domain-1/roots/r: ")

    def test_leaf_that_counts_its_bytes_otherwise(self):
        self.one_block([Frame(noise(1))], noise(1), data=1)
        self.refuses("r", "domain-1/roots/r: leaf 0")

    def test_leaf_of_another_magic_number_of_entries_or_with_more_behind_it(self):
        for leaf in b"LEAK\1\0\0\0\0", b"LEAF\2\0\0\0\0\0", b"LEAF\1\0\0\0\0\0", b"LEAF\1\0\0\0", b"LEAF\1\0\0\0\x09" + bytes(500):
            self.one_block([Frame(noise(1))], noise(1), leaf=leaf, data=0)
            self.refuses("r", "domain-1/roots/r: leaf 0")

    def test_places_that_overlap_leave_bytes_out_or_take_what_is_not_held(self):
        parts = [Frame(noise(1)), Frame(noise(2, SUB_BLOCK))]
        for second in (1, 1, 1), (1, 2, 1):
            self.one_block(parts, noise(1), places=((0, 255, 255), second))
            self.refuses("r", "takes what a frame does not hold, or twice")
        self.one_block(parts, noise(1), places=((0, 255, 127),))
        self.refuses("r", "leaves some of its block out")

    def test_short_block_that_is_patched(self):
        self.one_block([Frame(noise(1, SHORT))] * 2, noise(1, SHORT), places=((0, 255, 127), (1, 255, 128)))
        self.refuses("r", "short last block")

    def test_frame_of_another_length_than_its_place_says(self):
        self.one_block([Frame(noise(1, SUB_BLOCK))], noise(1))
        self.refuses("r", "domain-1/packs/")

    def test_compressed_content_that_is_not_one_bounded_zstd_frame_of_a_declared_size(self):
        block = b"a block of words that repeats itself" * 14_600
        block = block[:BLOCK]
        pack = lambda **more: zstandard.ZstdCompressor(**more).compress(block)
        wide = zstandard.ZstdCompressionParameters(window_log=24, enable_ldm=True, write_content_size=True)
        stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
        contents = {
            "no size": pack(write_content_size=False),
            "two frames": pack() + pack(),
            "more behind it": pack() + b"\0",
            "cut short": pack()[:-1],
            "another size": zstandard.ZstdCompressor().compress(block[:-1]),
            "wide window": raw_zstd(block, 20),
            "wide window, no size": stream.compress(block) + stream.flush(),
            "skippable frame": b"\x50\x2a\x4d\x18\4\0\0\0abcd",
            "not compressed": block,
            "nothing": b"",
        }
        for content in pack(), raw_zstd(block, 19):
            self.one_block([Frame(block, codec=1, content=content)], block)
            self.assertEqual(self.restore("r", "--overwrite"), 0, self.said)
        self.output.unlink()
        for what, content in contents.items():
            with self.subTest(what):
                self.one_block([Frame(block, codec=1, content=content)], block)
                self.refuses("r", "domain-1/packs/")

    def test_frames_that_the_root_does_not_keep_are_found_by_verify(self):
        self.one_block([Frame(noise(1)), Frame(noise(2))], noise(1), live=[1])
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn("domain-1/roots/r: does not list frame 0", self.said)

    def test_unused_frame_that_is_damaged_is_found_by_verify_though_not_needed(self):
        writer = self.one_block([Frame(noise(1)), Frame(noise(2))], noise(1), live=[0])
        path = max((writer.folder / "domain-1" / "packs").iterdir(), key=lambda path: path.stat().st_size)
        data = bytearray(path.read_bytes())
        data[-200] ^= 1
        path.write_bytes(data)
        self.assertEqual(self.restore("r"), 0, self.said)
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn(f"domain-1/packs/{path.name}: frame 1", self.said)

    def test_versions_reserved_bytes_and_magic_are_looked_at_before_the_key(self):
        writer = self.one_block([Frame(noise(1))], noise(1))
        path = writer.folder / "domain-1" / "roots" / "r"
        good = path.read_bytes()
        for at, says in (0, "does not begin with HOLDROOT"), (8, "format version"), (12, "reserved"):
            path.write_bytes(good[:at] + b"\x07" + good[at + 1 :])
            self.refuses("r", says)


def raw_zstd(plain: bytes, window_log: int) -> bytes:
    """A zstd frame of raw blocks, of a declared size and window (RFC 8878, 3.1.1)."""
    blocks = [plain[at : at + 131_072] for at in range(0, len(plain), 131_072)]
    head = b"\x28\xb5\x2f\xfd\x80" + bytes([window_log - 10 << 3]) + len(plain).to_bytes(4, "little")
    return head + b"".join((len(block) << 3 | (number == len(blocks) - 1)).to_bytes(3, "little") + block
                           for number, block in enumerate(blocks))


class TablesThatCannotBeAreRefused(Case):
    """Sealed by one who has the key, and still wrong: a bug of a writer must not become a wrong disk."""

    def refuse_changes(self, name: str, root: str, body: bytes, changes: dict[int, bytes]) -> None:
        """Each change, alone, at an offset of the body (negative: from its end)."""
        for at, value in changes.items():
            wrong = bytearray(body)
            at %= len(body)
            self.assertNotEqual(wrong[at : at + len(value)], value)
            wrong[at : at + len(value)] = value
            self.sample.writer.sealed(name, bytes(wrong))
            with self.subTest(at=at, value=value):
                self.refuses(root, f"domain-1/{name}: ")

    def setUp(self):
        super().setUp()
        self.sample = Sample(self.objects)

    def test_of_a_root(self):
        sample, writer = self.sample, self.sample.writer
        body = writer.root_body(sample.size, sample.packs, sample.table)
        packs = body.index(sample.a.id)
        leaf = -56  # the last record of the leaf table
        self.refuse_changes("roots/full", "full", body, {
            24: b"[", packs - 4: b"\x09", packs + 20: b"\xff\xff", packs + 22: b"\x04", packs + 23: b"\x01",
            leaf: b"\x03", leaf + 6: b"\x02", leaf + 7: b"\x01"})
        writer.sealed("roots/full", writer.root_body(sample.size, sample.packs + sample.packs[:1], sample.table))
        self.refuses("full", "lists a pack twice")

    def test_of_a_pack_that_is_not_the_one_its_root_means(self):
        sample, writer = self.sample, self.sample.writer
        packs = [(sample.a._replace(tag=bytes(16)), [0, 1, 2]), *sample.packs[1:]]
        writer.sealed("roots/full", writer.root_body(sample.size, packs, sample.table))
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn(f"domain-1/roots/full: means another pack than the packs/{sample.a.id.hex()}", self.said)

    def test_of_a_description_that_is_no_object(self):
        body = self.sample.writer.root_body(0, [], [])
        self.sample.writer.sealed("roots/empty", body[:20] + b"\2\0\0\0[]" + bytes(8))
        self.refuses("empty", "no JSON object")

    def test_of_live_frames(self):
        sample, writer = self.sample, self.sample.writer
        body = writer.root_body(2 * BLOCK, sample.later_packs, sample.later_table, as_list=True)
        frames = body.index(sample.later_packs[1][0].id) + 46  # of the pack with live frames 0 and 1 out of 3
        self.refuse_changes("roots/later", "later", body, {frames: b"\1\0\0\0", frames + 2: b"\3\0", frames + 3: b"\xff"})

    def test_of_a_map(self):
        # epoch, one new pack of 40 bytes, two old packs of 20 bytes and two moved frames of 12 bytes each
        body, new, old = self.sample.newest_map, 8, 8 + 40 + 4
        self.refuse_changes("maps/0000000002", "later", body, {
            0: b"\3", new + 20: b"\xff\xff", new + 22: b"\1", old: b"\xff" * 16, old + 18: b"\1",
            old + 20: b"\1\0", old + 24: b"\1"})
        self.sample.writer.sealed("maps/0000000002", body + b"\0")
        self.refuses("later", "bytes after its end")

    def test_of_a_pack(self):
        writer, frames = self.sample.writer, [Frame(noise(1)), Frame(noise(2))]
        changes = {"type": (0, b"\2"), "codec": (1, b"\2"), "reserved": (2, b"\1"), "offset": (4, b"\0"),
                   "stored": (16 + 8, b"\xff"), "plain": (12, bytes(4))}
        for what, (at, value) in changes.items():
            with self.subTest(what):
                pack = writer.pack(frames, directory=lambda plain: plain[:at] + value + plain[at + len(value) :])
                self.damaged_pack(pack)
        footers = {"length": lambda *f: (*f[:3], f[3] - 1), "offset": lambda *f: (f[0] - 16, *f[1:]),
                   "frames": lambda *f: (*f[:2], f[2] + 1, f[3])}
        for what, footer in footers.items():
            with self.subTest(what):
                self.damaged_pack(writer.pack(frames, footer=footer))

    def damaged_pack(self, pack) -> None:
        self.assertEqual(self.run_it("verify"), 3)
        self.assertIn(f"damaged: domain-1/packs/{pack.id.hex()}: its ", self.said)
        self.sample.path(pack).unlink()


if __name__ == "__main__":
    unittest.main()
