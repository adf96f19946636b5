"""A repository that has something of everything, and the disks that are in it."""
import random
from repository_writer import BLOCK, LEAF, SUB_BLOCK, Frame, From, Pack, Writer

CODE = bytes(range(100, 120))
SHORT = 12_800


def noise(seed: int, length: int = BLOCK) -> bytes:
    return random.Random(seed).randbytes(length)


class Sample:
    """Root `full` (three leaves, the middle one zero, a short last block) and root `later`, which patches it.

    `later` reads one pack that is gone: its frames moved twice, and only the newest map says where they are.
    """

    def __init__(self, folder):
        self.writer = writer = Writer(folder)
        self.code = writer.recovery(CODE)
        text = b"the same words over and over again. " * 20_000
        self.blocks = {0: noise(1), 1: text[:BLOCK], 3: noise(1), 1_023: noise(2), 2_048: noise(3), 2_049: noise(4, SHORT)}
        self.size = 2 * LEAF + BLOCK + SHORT
        self.a = writer.pack([Frame(self.blocks[0]), Frame(self.blocks[1], codec=1), Frame(self.blocks[1_023])])
        self.b = writer.pack([Frame(self.blocks[2_048]), Frame(self.blocks[2_049], codec=1), Frame(noise(99))])
        self.entries = {0: self.whole(0, self.a, 0), 1: self.whole(1, self.a, 1), 3: self.whole(0, self.a, 0),
                        1_023: self.whole(1_023, self.a, 2), 2_048: self.whole(2_048, self.b, 0),
                        2_049: self.whole(2_049, self.b, 1)}
        self.leaves = [writer.leaf([self.entries.get(at) for at in range(1_024)]),
                       writer.leaf([self.entries[2_048], self.entries[2_049]])]
        self.c = writer.pack([Frame(self.leaves[0], type=1, codec=1), Frame(self.leaves[1], type=1)])
        self.packs = [(self.a, [0, 1, 2]), (self.b, [0, 1]), (self.c, [0, 1])]
        self.table = [(self.c, 0, writer.id(self.leaves[0]), 4 * BLOCK), None,
                      (self.c, 1, writer.id(self.leaves[1]), BLOCK + SHORT)]
        writer.sealed("roots/full", writer.root_body(self.size, self.packs, self.table))
        self.later()
        writer.sealed("avoid/0000000001", b"\x01\0\0\0\x01\0\0\0" + self.a.id + b"\x01\0\0\0\x01\0\0\0" + bytes(8))
        writer.sealed("hooks/full", b"\x01\0\0\0" + self.c.id + bytes(16) + self.table[0][2] + b"\x01\0\0\0" + bytes(12))
        writer.sealed("catalog/full", b'{"name": "web"}')
        writer.put("keys/service", b"{}")
        writer.put("packs/not-of-the-format", b"ignored")
        (writer.folder / "tmp").mkdir()
        (writer.folder / "trash" / "roots").mkdir(parents=True)
        (writer.folder / "trash" / "roots" / "old").write_bytes(b"ignored")

    def later(self) -> None:
        """Block 0: sub-blocks 2 and 5 new, from a frame that holds 2, 3 and 5; block 1: out of two frames, no whole one."""
        writer = self.writer
        new, halves = noise(10, 3 * SUB_BLOCK), (noise(11, 4 * SUB_BLOCK), noise(12, 4 * SUB_BLOCK))
        gone = writer.pack([Frame(new), Frame(halves[0], codec=1), Frame(noise(13))])
        between = writer.pack([Frame(halves[0], codec=1), Frame(new)])
        self.moved = writer.pack([Frame(noise(14)), Frame(new), Frame(halves[0], codec=1)])
        still = writer.pack([Frame(halves[1])])
        block = bytearray(self.blocks[0])
        block[2 * SUB_BLOCK : 3 * SUB_BLOCK] = new[:SUB_BLOCK]
        block[5 * SUB_BLOCK : 6 * SUB_BLOCK] = new[2 * SUB_BLOCK :]
        woven = b"".join(half[at * SUB_BLOCK : (at + 1) * SUB_BLOCK] for at in range(4) for half in halves)
        self.later_blocks = {0: bytes(block), 1: woven}
        entries = [(writer.id(bytes(block)), [From(self.a, 0, 255, 0b11011011), From(gone, 0, 0b00101100, 0b00100100)]),
                   (writer.id(woven), [From(gone, 1, 0b01010101, 0b01010101), From(still, 0, 0b10101010, 0b10101010)])]
        leaf = writer.leaf(entries)
        leaves = writer.pack([Frame(leaf, type=1, codec=1)])
        packs = [(self.a, [0]), (gone, [0, 1]), (still, [0]), (leaves, [0])]
        self.later_packs, self.later_table = packs, [(leaves, 0, writer.id(leaf), 2 * BLOCK)]
        writer.sealed("roots/later", writer.root_body(2 * BLOCK, packs, self.later_table, as_list=True))
        writer.sealed("maps/0000000001", writer.map_body(1, [(gone, 0, between, 1), (gone, 1, between, 0)]))
        self.newest_map = writer.map_body(2, [(gone, 0, self.moved, 1), (gone, 1, self.moved, 2),
                                              (between, 0, self.moved, 2), (between, 1, self.moved, 1)])
        writer.sealed("maps/0000000002", self.newest_map)
        for pack in gone, between:
            self.path(pack).unlink()

    def path(self, pack: Pack):
        return self.writer.folder / self.writer.domain / "packs" / pack.id.hex()

    def whole(self, block: int, pack: Pack, frame: int) -> tuple[bytes, list[From]]:
        return self.writer.id(self.blocks[block]), [From(pack, frame)]

    def later_disk(self) -> bytes:
        return self.later_blocks[0] + self.later_blocks[1]
