#!/usr/bin/env python3
"""What an operator keeps, and puts back: docs/operating.md, "Back up"; and who may look into the data folder."""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from daemon import Daemon, eq, run  # noqa: E402

DOMAIN = "mayfly.localhost"


def backed_up(d):
    code, said = d.ctl("backup")
    eq(code, 0)
    return pathlib.Path(said.strip())


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def a_backup_has_what_may_be_kept():
    with Daemon() as d:
        d.send(d.make_box()["address"], "Subject: x\r\n\r\ny\r\n")
        eq(names(backed_up(d)), ["VERSION", "index.key"])
        eq(d.ctl("domain", "add", DOMAIN)[0], 0)
        kept = backed_up(d)
        eq(names(kept), ["VERSION", "dkim/" + DOMAIN, "index.key"])
        eq((kept / "dkim" / DOMAIN).read_bytes(), (d.data / "dkim" / DOMAIN).read_bytes())
        eq([p.stat().st_mode & 0o77 for p in [kept, *kept.rglob("*")]], [0] * 5)
        (d.data / "dkim" / DOMAIN).unlink()
        eq(names(backed_up(d)), ["VERSION", "index.key"])


def on_a_new_disk_it_signs_as_before():
    with Daemon() as old, Daemon() as new:
        eq(old.ctl("domain", "add", DOMAIN)[0], 0)
        records = old.ctl("domain", "show", DOMAIN)
        assert records[0] == 0 and "v=DKIM1" in records[1], records
        kept = backed_up(old)
        new.stop()
        shutil.copytree(kept / "dkim", new.data / "dkim")
        new.start()
        keys = [[line for line in said.splitlines() if "DKIM1" in line] for said in (records[1], new.ctl("domain", "show", DOMAIN)[1])]
        eq(keys[0], keys[1])


def a_lost_index_key_is_put_back():
    with Daemon() as d:
        box = d.make_box()
        d.send(box["address"], "Subject: still there\r\n\r\ny\r\n")
        kept = backed_up(d)
        d.stop()
        for name in ("VERSION", "index.key"):
            (d.data / "store" / name).unlink()
            try:
                d.start(5)
                raise AssertionError(f"it started without {name}")
            except RuntimeError as e:
                assert f"{name} is gone" in str(e), e
            shutil.copy(kept / name, d.data / "store" / name)
        d.start()
        eq([m["subject"] for m in d.messages(box["token"])], ["still there"])


def another_stores_key_is_refused():
    with Daemon() as d, Daemon() as other:
        box = d.make_box()
        kept, version, key = backed_up(other), d.data / "store/VERSION", d.data / "store/index.key"
        d.stop()
        own = key.read_bytes()
        shutil.copy(kept / "index.key", key)
        try:
            d.start(5)
            raise AssertionError("it started with the key of another store")
        except RuntimeError as e:
            assert "its file index.key is damaged, or that of another store" in str(e), e
        key.write_bytes(own)
        version.write_text(version.read_text().split("\n")[0] + "\n")  # from before the key had a mark
        d.start()
        eq(version.read_text().split("\n")[1].split()[0], "index.key")
        d.send(box["address"], "Subject: found\r\n\r\ny\r\n")


def a_folder_that_others_may_look_into_is_said():
    with Daemon() as d:
        eq("start.data_dir_open" in d.log_text(), False)
        d.stop()
        d.data.chmod(0o750)
        d.start()
        assert "level=warn event=start.data_dir_open" in d.log_text(), d.log_text()


if __name__ == "__main__":
    sys.exit(run([a_backup_has_what_may_be_kept, on_a_new_disk_it_signs_as_before, a_lost_index_key_is_put_back, another_stores_key_is_refused,
                  a_folder_that_others_may_look_into_is_said]))
