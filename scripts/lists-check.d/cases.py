"""Lists as publishers write them, each with what a scan must read of it.

A case is (name, bytes or {file: bytes} of a folder, what is read, flags, whether it was right before). What is
read: pairs of domain and rank, or words that the refusal must hold. Every name is made up or reserved, or that
of a very large site; no published list is in here.
"""

import gzip
import io
import struct
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

CASES = []
WELL = ["google.com", "example.org", "example.net", "facebook.com"]
G, O, N, F = WELL


def case(name, content, want, *flags, right=False):
    content = content.encode() if isinstance(content, str) else content
    CASES.append((name, content, want, flags, right))


def names(*found):
    return [(name, None) for name in found]


def ranked(*found):
    return [(name, at + 1) for at, name in enumerate(found)]


THREE, RANKED = names(G, O, N), ranked(G, O, N)

# --- misread before: part 1 of the study ---
HOST_RANKS = "#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev\t#n_hosts\n"
case("common-crawl-ranks.txt", HOST_RANKS + "1\t3.4626736E7\t3\t0.0054\tcom.facebook\t7348\n2\t3.1E7\t1\t0.0111\tcom.google\t120\n"
     "3\t2.9E7\t2\t0.009\torg.example.www\t1\n", ranked(F, G, "www.example.org"))
case("common-crawl-vertices.txt", "0\tcom.google\t9\n1\torg.example\t1\n2\tnet.example\t2\n", THREE)
case("joined-in-r.csv", "government-domain,org_original.x,org_original.y,curie,score\n"
     + "".join(f"d{n}.gov,Office {n},Office of {n},x:{n},0.5\n" for n in range(9)), names(*[f"d{n}.gov" for n in range(9)]))
case("joined-one-word.csv", "tld,name.x,host\ncom,label0,google.com\norg,label1,example.org\n", names(G, O))
case("make-names.csv", "Domain.Name,Owner.x\ngoogle.com,A\nexample.org,B\n", names(G, O))
for title in ["host", "hostname", "name", "domains", "domain_name", "url", "fqdn", "site", "origin", "apex_domain",
              "query_name", "domaine"]:
    case(f"title-{title}.txt", f"{title}\n{G}\n{O}\n{N}\n", RANKED, "--ranked")
    case(f"title-{title}-unranked.txt", f"{title}\n{G}\n{O}\n{N}\n", THREE)
case("number-text-domain.csv", "1,AS-NAME,google.com\n2,AS-NAME,example.org\n3,AS-OTHER,example.net\n", RANKED)
case("line-feed-in-quotes.csv", "domain,agency,comment\n" + "".join(f"a{n}.gov,A,\n" for n in range(5))
     + 'one.gov,A,"moved to\ntwo.gov, since 2020"\nlast.gov,A,\n', names(*[f"a{n}.gov" for n in range(5)], "one.gov", "last.gov"))
case("labels.txt", "www\nmail\nftp\nlocalhost\nwebmail\nsmtp\n", "--any-suffix")
SOA = "SOA ns1.nic.abc. hostmaster.nic.abc. 1 1800 900 604800 86400"
case("sorted.zone", f"abc.\t3600\tIN\tNS\tns1.nic.abc.\nabc.\t3600\tIN\t{SOA}\n"
     "one.abc.\t3600\tIN\tNS\tns1.example.net.\ntwo.abc.\t3600\tIN\tNS\tns1.example.net.\n", names("one.abc", "two.abc"))
case("types-by-number.zone", f"abc.\t3600\tCLASS1\t{SOA}\none.abc.\t3600\tIN\tTYPE2\tns1.example.net.\n"
     "two.abc.\t3600\tCLASS1\tNS\tns1.example.net.\nthree.abc.\t3600\tCLASS1\tTYPE2\tns1.example.net.\n",
     names("one.abc", "two.abc", "three.abc"))

# --- ranks that were lost or made up ---
for title in ["position", "index", "tranco_rank", "domain_rank"]:
    case(f"rank-{title}.csv", f"{title},domain\n1,{G}\n2,{O}\n3,{N}\n", RANKED)
case("rank-second-bare.csv", f"{G},1\n{O},2\n{N},3\n", RANKED)
case("rank-in-comment.csv", f"#domain,rank\n{G},1\n{O},2\n{N},3\n", RANKED)
case("rank-after-date.csv", f"date,rank,domain\n2026-01-01,1,{G}\n2026-01-01,2,{O}\n", ranked(G, O))
case("rank-float.csv", f"rank,domain\n1.0,{G}\n,{O}\n3.0,{N}\n", [(G, 1), (O, None), (N, 3)])
case("rank-thousands.csv", f'rank,domain\n999,{G}\n"1,000",{O}\n"1,001",{N}\n', [(G, 999), (O, 1000), (N, 1001)])
case("rank-from-0.csv", f"0,{G}\n1,{O}\n2,{N}\n", THREE)
case("rank-too-large.csv", f"rank,domain\n1,{G}\n281474976710656,{O}\n", [(G, 1), (O, None)], right=True)
case("count-no-header.csv", f"97123,{G}\n41233,{O}\n977,{N}\n", THREE)
case("plain.txt", f"{G}\n{O}\n{N}\n", THREE)
case("plain-ranked.txt", f"{G}\nnot a name\n{N}\n", [(G, 1), (N, 3)], "--ranked")

# --- refused before ---
CRUX = "origin,rank\nhttps://www.google.com,1000\nhttps://example.org,1000\nhttp://example.net:8080,5000\n"
WANT = [("www.google.com", 1000), (O, 1000), (N, 5000)]
case("crux.csv", CRUX, WANT)
case("crux.csv.gz", gzip.compress(CRUX.encode()), WANT)
case("cisa-current.csv", "Domain name,Domain type,Organization name,Suborganization name,City,State,Security contact email\n"
     "a.gov,City,City of A,,A,NM,it@a.gov\nb.gov,\"City, small\",City of B,,B,NC,(blank)\n", names("a.gov", "b.gov"))
case("gsa.csv", "Initial URL,Domain name\nhttps://a.gov/,a.gov\n", names("a.gov"))
case("uk.csv", "Domain Name,Owner\na.gov.uk,Town\nb.gov.uk,Parish\n", names("a.gov.uk", "b.gov.uk"))
case("afnic.csv", "Nom de domaine;Pays BE;Date de creation\na.fr;FR;01-01-2026\nb.fr;FR;02-01-2026\n", names("a.fr", "b.fr"))
case("sk-nic.csv", "domena;ID reg;drzitel;stav;NS\na.sk;X-1;Y;DOM_OK;ns1.a.cz\nb.sk;X-1;Y;DOM_OK;\n", names("a.sk", "b.sk"))
case("moz.csv", 'Rank,"Root Domain","Linking Root Domains"\n1,google.com,"1,234"\n2,example.org,"1,000"\n', ranked(G, O))
case("whoisxml.csv", '"domainName","registrarName"\n"google.com","A"\n"example.org","B"\n', names(G, O))
case("citizenlab.csv", "url,category_code,category_description\nhttps://www.google.com/,NEWS,News\nhttp://example.org/a?b=c,HUMR,Rights\n",
     names("www.google.com", O))
for first in ["ZONEMD 1 1 1 00", "CDS 1 13 2 00", "SRV 0 5 5060 sip.abc.", "TYPE65280 \\# 0"]:
    case(f"first-{first.split()[0].lower()}.zone", f"abc.\t3600\tIN\t{first}\nabc.\t3600\tIN\t{SOA}\nabc.\t3600\tIN\tNS\tns1.nic.abc.\n"
         "one.abc.\t3600\tIN\tNS\tns1.example.net.\n", names("one.abc"))
case("first-class1.zone", f"abc. 3600 CLASS1 {SOA}\none.abc. 3600 CLASS1 NS ns1.example.net.\n", names("one.abc"))
case("long-comment.csv", "# a, comment\n" * 8000 + f"1,{G}\n2,{O}\n", ranked(G, O))
case("massdns.txt", "a.com.\tMX\t10 mx.a.com.\nb.com.\tMX\t10 mx.b.com.\n", "no delegation")
case("radar-quoted.csv", '"domain"\n"google.com"\n"example.org"\n', names(G, O))
case("quoted-names.txt", '"google.com"\n"example.org"\n', names(G, O))
case("padded.csv.gz", gzip.compress(f"1,{G}\n2,{O}\n".encode()) + bytes(1024), ranked(G, O))
case("json-lines.jsonl", '{"rank": 1, "domain": "google.com"}\n{"rank": 2, "domain": "example.org"}\n', ranked(G, O))
case("hsts-preload.json", '// Copyright\n// more\n{\n  "pinsets": [],\n  "entries": [\n    { "name": "a.com" }\n  ]\n}\n', "jq")
case("wildcards.txt", f"*.{G}\n*.{O}\n{N}\n", THREE)
case("wildcards.csv", f"id,name\n7,*.{G}\n9,{O}\n", names(G, O))
for name, head, helps in [
    ("xz", b"\xfd7zXZ\0\0\x04", "xz -dc"), ("bz2", b"BZh91AY&SY", "bzip2 -dc"), ("7z", b"7z\xbc\xaf\x27\x1c\0\x04", "7z x"),
    ("lz4", b"\x04\x22\x4d\x18\x64", "lz4 -dc"), ("utf16.csv", "1,google.com\n".encode("utf-16"), "iconv"),
    ("zst", b"\x28\xb5\x2f\xfd\x00\xa8", "--long=31"),
]:
    case(f"packed.{name}", head + b"\0" * (0 if "utf16" in name else 64), helps)


def zipped(files, method=zipfile.ZIP_DEFLATED):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, text in files:
            archive.writestr(name, text)
    return held.getvalue()


case("two-files.zip", zipped([("a.csv", G), ("b.csv", O)]), "unzip -p")
case("workbook.xlsx", zipped([("[Content_Types].xml", "<"), ("xl/workbook.xml", "<")]), "save the sheet as CSV")


def parquet(columns, **writer):
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held, **writer)
    return held.getvalue()


DOMAINS = [G, O, N]
case("rank-float.parquet", parquet({"domain": DOMAINS, "rank": pa.array([1.0, None, 3.0])}), [(G, 1), (O, None), (N, 3)])
case("rank-decimal.parquet", parquet({"domain": DOMAINS, "rank": pa.array([1, 2, 3], pa.decimal128(18, 0))}), RANKED)
case("rank-text.parquet", parquet({"domain": DOMAINS, "rank": ["1", "2", "3"]}), RANKED)
case("global-rank.parquet", parquet({"GlobalRank": [1, 2, 3], "domain": DOMAINS}), RANKED)
case("hostname.parquet", parquet({"hostname": DOMAINS}), THREE)
case("brotli.parquet", parquet({"domain": DOMAINS}, compression="brotli"), THREE)
part = lambda *of: parquet({"domain": list(of)})
case("folder-of-parts", {"_SUCCESS": b"", ".a.crc": b"x", "year=2026/part-0.parquet": part(G, O), "year=2027/part-0.parquet": part(N)}, THREE)

# --- read well before, and still ---
crlf = lambda text: text.replace("\n", "\r\n")
TRANCO = f"1,{G}\n2,{O}\n3,{N}\n"
for name, content in [
    ("tranco.csv", TRANCO), ("tranco-crlf.csv", crlf(TRANCO)), ("tranco.csv.zip", zipped([("top-1m.csv", TRANCO)])),
    ("stored.zip", zipped([("top-1m.csv", TRANCO)], zipfile.ZIP_STORED)),
    ("macos.zip", zipped([("top.csv", TRANCO), ("__MACOSX/._top.csv", b"\0\5")])),
    ("header.csv", "rank,domain\n" + TRANCO), ("radar.csv", f"rank,domain,categories\n1,{G},a;b\n2,{O},\n3,{N},c\n"),
    ("domcop.csv", f'"Rank","Domain","Open Page Rank"\n"1","{G}","10.00"\n"2","{O}","9.2"\n"3","{N}","9.1"\n'),
    ("semicolons-bom.csv", f"\ufeffrank;domain\n1;{G}\n2;{O}\n3;{N}\n"),
    ("pandas-index.csv", f",rank,domain\n0,1,{G}\n1,2,{O}\n2,3,{N}\n"),
    ("majestic.csv", "GlobalRank,TldRank,Domain,TLD,RefSubNets,RefIPs,IDN_Domain,IDN_TLD,PrevGlobalRank,PrevTldRank,PrevRefSubNets,PrevRefIPs\n"
     f"1,1,{G},com,1,1,{G},com,1,1,1,1\n2,1,{O},org,1,1,{O},org,2,1,1,1\n3,1,{N},net,1,1,{N},net,2,1,1,1\n"),
    ("tabs.tsv", TRANCO.replace(",", "\t")), ("members.gz", gzip.compress(f"1,{G}\n2,exa".encode()) + gzip.compress(f"mple.org\n3,{N}\n".encode())),
]:
    case(name, content, RANKED, right=True)


def bgzip(data):
    def block(data):
        raw = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = raw.compress(data) + raw.flush()
        extra = struct.pack("<BBHH", 66, 67, 2, len(packed) + 25)
        head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\0\xff" + struct.pack("<H", 6) + extra
        return head + packed + struct.pack("<II", zlib.crc32(data), len(data))
    return block(data[:9]) + block(data[9:]) + block(b"")


case("bgzip.gz", bgzip(TRANCO.encode()), RANKED, right=True)
case("tranco.csv.zst", pa.Codec("zstd").compress(TRANCO.encode(), asbytes=True), RANKED, right=True)
case("umbrella.csv", crlf("1,google.com\n2,com\n3,_dmarc.example.org\n"), ranked(G, "com", "_dmarc.example.org"), right=True)
case("majestic-114.csv", "GlobalRank,TldRank,Domain,TLD\n1,1,google.com,com\n2,2,.com,com\n3,1,example.org,org\n", [(G, 1), (O, 3)], right=True)
case("ru-tabs.txt", "GOOGLE.RU\tREGRU-RU\t01.01.2000\t01.01.2027\t01.02.2027\t1\nYA.RU\tRU\t01.01.2000\t01.01.2027\t01.02.2027\t1\n",
     names("google.ru", "ya.ru"), right=True)
case("names.txt", "b\u00fccher.example\nbu\u0308cher2.example\nＦＵＬＬ.example\nGoogle.COM.\nxn--bcher-kva.example\na\u200bb.example\n",
     [("xn--bcher-kva.example", 1), ("xn--bcher2-3ya.example", 2), ("full.example", 3), (G, 4), ("ab.example", 6)], "--ranked", right=True)
case("no-names.txt", f"{G}\n192.0.2.1\nme@example.org\n{O}\n-a.example\n{N}\nb_-.mobi\n{F}\n", [(G, 1), (O, 4), (N, 6), (F, 8)], "--ranked", right=True)
case("urls.txt", f"https://{G}/\n{O}:443\nhttp://{N}/a/b?c=d\n", THREE)
case("column-domain-url.csv", f"domain,url\n{G},https://x.example/\n{O},https://y.example/\n", names(G, O), right=True)
BODY = "one.abc. 3600 IN NS ns1.example.net.\none.abc. 3600 IN NS ns2.example.net.\ntwo.abc. 3600 IN NS a.two.abc.\na.two.abc. 3600 IN A 192.0.2.1\n"
ZONED = names("one.abc", "two.abc")
for name, content in [
    ("axfr.zone", f"; <<>> DiG 9.18 <<>> axfr abc\n;; global options: +cmd\nabc. 3600 IN {SOA}\nabc. 3600 IN NS ns1.nic.abc.\n{BODY}abc. 3600 IN {SOA}\n;; Query time: 1 msec\n"),
    ("bind.zone", "$ORIGIN abc.\n$TTL 1h\n@ IN SOA ns1.nic hostmaster.nic (\n  1 ; serial\n  1800 900 604800 86400 )\n  NS ns1.nic\none NS ns1.example.net.\n"
     "    NS ns2.example.net.\ntwo NS a.two\na.two A 192.0.2.1\n"),
    ("signed.zone", f"abc. 3600 IN {SOA}\nabc. 3600 IN RRSIG SOA 13 1 3600 20260101000000 20250101000000 1 abc. AAAA\nabc. 3600 IN NS ns1.nic.abc.\n{BODY}"
     "one.abc. 3600 IN NSEC two.abc. NS RRSIG NSEC\n0p9m.abc. 3600 IN NSEC3 1 1 0 - 2T7B NS\n"),
    ("czds.txt.gz", gzip.compress(f"abc.\t3600\tin\tsoa\ta. b. 1 1 1 1 1\nabc.\t3600\tin\tns\tns1.nic.abc.\n{BODY.lower()}".encode())),
    ("no-class.zone", f"abc. 3600 {SOA}\nabc. 3600 NS ns1.nic.abc.\n{BODY.replace(' IN', '')}"),
    ("crlf.zone", crlf(f"abc. 3600 IN {SOA}\nabc. 3600 IN NS ns1.nic.abc.\n{BODY}")),
    ("verisign.zone", "$ORIGIN ABC.\n$TTL 172800\n@ IN SOA A.NIC B.NIC ( 1 1800 900 604800 86400 )\n NS A.NIC\nONE NS NS1.EXAMPLE.NET.\nONE NS NS2.EXAMPLE.NET.\nTWO NS A.TWO\nA.TWO A 192.0.2.1\n"),
]:
    case(name, content, ZONED, right=True)
for codec in ["none", "snappy", "gzip", "lz4", "zstd"]:
    for version in ["1.0", "2.0"]:
        case(f"{codec}-{version}.parquet", parquet({"domain": DOMAINS, "rank": [1, 2, 3]}, compression=codec, data_page_version=version), RANKED, right=True)
for name, column in [
    ("dictionary", pa.array(DOMAINS).dictionary_encode()), ("view", pa.array(DOMAINS, pa.string_view())),
    ("binary", pa.array([d.encode() for d in DOMAINS])), ("large", pa.array(DOMAINS, pa.large_string())),
]:
    case(f"{name}.parquet", parquet({"domain": column, "rank": pa.array([1, 2, 3], pa.uint64())}), RANKED, right=True)
case("row-groups.parquet", parquet({"domain": DOMAINS}, row_group_size=1, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY"), THREE, right=True)
