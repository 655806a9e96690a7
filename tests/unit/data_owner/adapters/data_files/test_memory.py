"""Small files that unpack to gigabytes cost neither memory nor time: each is made and read in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ONE_TEXT_OF_A_MEGABYTE_IN_3000_ROWS = """
import pyarrow as pa, pyarrow.parquet as pq, sys
cells = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array(["x" * 1_000_000]))
pq.write_table(pa.table({"s": cells}), sys.argv[1], compression="zstd", write_statistics=False)
"""
ONE_CELL_OF_400_MEGABYTES = """
import pyarrow as pa, pyarrow.parquet as pq, sys
cells = pa.array(["x" * 400_000_000])
pq.write_table(pa.table({"s": cells}), sys.argv[1], compression="zstd", use_dictionary=False, write_statistics=False)
"""
ONE_LINE_OF_100_MEGABYTES = """
import sys
with open(sys.argv[1], "w") as file:
    file.write("a,y\\n")
    for _ in range(100):
        file.write("1" * 1_000_000)
"""
READ = """
import sys
from data_owner.adapters.data_files import open_data_file
from data_owner.domain.dataset_profile import profile_blocks

def peak_mib():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024

before = peak_mib()
try:
    print(profile_blocks(open_data_file(sys.argv[1]).blocks()).columns[0].type)
except Exception as error:
    print(f"{type(error).__name__}: {error}".replace(sys.argv[1], "it"))
print(peak_mib() - before)
"""


@pytest.mark.parametrize(
    ("make", "name", "most_bytes", "said"),
    [
        (ONE_TEXT_OF_A_MEGABYTE_IN_3000_ROWS, "dictionary.parquet", 1000, "text"),
        (ONE_CELL_OF_400_MEGABYTES, "cell.parquet", 50_000, "text"),
        (
            ONE_LINE_OF_100_MEGABYTES,
            "line.csv",
            10**9,
            "DatasetInvalid: it: after row 0: a row goes on for more than a megabyte; expected every quote to be closed",
        ),
    ],
)
def test_a_file_that_unpacks_to_gigabytes_is_read_in_little_memory(
    tmp_path: Path, make: str, name: str, most_bytes: int, said: str
) -> None:
    path = tmp_path / name
    subprocess.run([sys.executable, "-c", make, str(path)], check=True, timeout=120)
    assert path.stat().st_size < most_bytes
    started = time.monotonic()
    read = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, timeout=120, capture_output=True, text=True
    )
    assert time.monotonic() - started < 30
    answer, grown_mib = read.stdout.splitlines()
    assert answer == said
    assert float(grown_mib) < 60
