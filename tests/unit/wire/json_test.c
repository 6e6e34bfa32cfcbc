#include "test.h"
#include "wire/json.h"
#include <string.h>

static enum err parse(struct json_in *j, const char *text) { return json_parse(j, str_c(text), 4096); }

TEST(json_reads_what_is_there)
{
    AUTO_JSON struct json_in j;
    CHECK_OK(parse(&j, "{\"name\":\"caf\\u00e9\",\"ttl\":600,\"on\":true,\"no\":null,\"in\":{\"a\":[1,\"x\"]}}"));
    struct str s = { 0 }, unset = STR("default");
    int64_t n = 0;
    bool on = false;
    const struct json *in = NULL, *list = NULL;
    CHECK(json_get_str(&j, j.root, "name", 10, &s));
    CHECK_STR("utf-8", s, "café");
    CHECK(json_get_int(&j, j.root, "ttl", 60, 86400, &n));
    CHECK_EQ(n, 600);
    CHECK(json_get_bool(&j, j.root, "on", &on) && on);
    CHECK(!json_get_str(&j, j.root, "no", 10, &unset) && !json_get_str(&j, j.root, "absent", 10, &unset));
    CHECK_STR("null and absent leave the default", unset, "default");
    CHECK(json_get_object(&j, j.root, "in", &in) && json_get_array(&j, in, "a", 2, &list));
    CHECK_EQ(json_len(list), 2);
    CHECK(json_as_int(json_at(list, 0), &n) && n == 1 && !json_as_str(json_at(list, 0), &s));
    CHECK(json_as_str(json_at(list, 1), &s) && !json_at(list, 2));
    CHECK(json_has(j.root, "no") && !json_has(j.root, "nope") && !j.bad);
}

TEST(json_refuses_with_words)
{
    static const struct {
        const char *text;
        enum err want;
        const char *why;
    } cases[] = {
        { "", ERR_BAD, "not valid JSON" },
        { "42", ERR_BAD, "not valid JSON" },
        { "{\"a\":1,\"a\":2}", ERR_BAD, "a name stands twice in one object at line 1" },
        { "[1e999]", ERR_BAD, "a number is too large" },
        { "[99999999999999999999]", ERR_BAD, "a number is too large" },
        { "{\"a\":\"\\u0000\"}", ERR_BAD, "not valid JSON" },
        { "{\"a\":\"\xff\"}", ERR_BAD, "not valid JSON" },
        { "{\"a\":1}}", ERR_BAD, "not valid JSON" },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", ERR_FULL, "deeper than 32" },
        { "{\"secret\":\"hunter2\"", ERR_BAD, "line 1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_JSON struct json_in j;
        CHECK_EQ(parse(&j, cases[i].text), cases[i].want);
        CHECK(strstr(j.why, cases[i].why) != NULL && !strstr(j.why, "hunter2"));
    }
}

TEST(json_counts_before_it_builds)
{
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    AUTO_JSON struct json_in j;
    buf_puts(&b, "[0");
    for (size_t i = 0; i < JSON_VALUES_MAX; i++)
        buf_puts(&b, ",0");
    buf_puts(&b, "]");
    CHECK_EQ(json_parse(&j, buf_str(&b), 1 << 20), ERR_FULL);
    json_in_fini(&j);
    CHECK_EQ(json_parse(&j, buf_str(&b), 100), ERR_FULL);
    json_in_fini(&j);
    CHECK_OK(json_parse(&j, S("{\"brackets in strings\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}"), 100));
}

TEST(json_first_complaint_stays)
{
    AUTO_JSON struct json_in j;
    int64_t n = 7;
    bool b = true;
    struct str s = STR("kept");
    const struct json *v = NULL;
    CHECK_OK(parse(&j, "{\"ttl\":5,\"on\":1,\"name\":\"too long\",\"o\":[],\"a\":{},\"f\":1.5,\"big\":\"\"}"));
    CHECK(!json_get_int(&j, j.root, "ttl", 60, 86400, &n) && n == 7);
    CHECK_STR("range", str_c(j.why), "\"ttl\" must be a whole number from 60 to 86400");
    CHECK(!json_get_bool(&j, j.root, "on", &b) && !json_get_str(&j, j.root, "name", 3, &s));
    CHECK(!json_get_object(&j, j.root, "o", &v) && !json_get_array(&j, j.root, "a", 3, &v) && !v);
    CHECK(!json_get_int(&j, j.root, "f", 0, 9, &n) && !json_need_str(&j, j.root, "big", 9, &s));
    CHECK_STR("untouched", s, "kept");
    CHECK_STR("the first one", str_c(j.why), "\"ttl\" must be a whole number from 60 to 86400");
}

TEST(json_whole_numbers_in_any_form)
{
    AUTO_JSON struct json_in j;
    int64_t n = 7;
    CHECK_OK(parse(&j, "[1.0,1e3,-2.50e1,1.5,9007199254740993.0,1e300,-0.0]"));
    CHECK(json_as_int(json_at(j.root, 0), &n) && n == 1);
    CHECK(json_as_int(json_at(j.root, 1), &n) && n == 1000);
    CHECK(json_as_int(json_at(j.root, 2), &n) && n == -25);
    for (size_t i = 3; i < 6; i++)
        CHECK(!json_as_int(json_at(j.root, i), &n) && n == -25);
    CHECK(json_as_int(json_at(j.root, 6), &n) && n == 0);
}

TEST(json_unknown_members)
{
    static const char *const keys[] = { "name", "ttl" };
    AUTO_JSON struct json_in j;
    CHECK_OK(parse(&j, "{\"name\":\"a\",\"tll\":1}"));
    json_only(&j, j.root, keys, COUNT(keys));
    CHECK_STR("misspelt", str_c(j.why), "\"tll\" is not known here");
    CHECK(!json_get_int(&j, json_at(j.root, 0), "x", 0, 1, &(int64_t){ 0 }));
}

TEST(json_writes)
{
    AUTO_BUF struct buf b = { .max = 4096 };
    struct json_out o = json_out(&b);
    json_put_object(&o);
    json_kv_str(&o, "s", S("a\"b\n\xff"));
    json_kv_array(&o, "list");
    json_put_u64(&o, INT64_MAX);
    json_put_i64(&o, -5);
    json_put_object(&o);
    json_put_end(&o);
    json_put_array(&o);
    json_put_end(&o);
    json_put_null(&o);
    json_put_end(&o);
    json_kv_bool(&o, "yes", true);
    json_kv_hex(&o, "id", S("\x01\xfe"));
    json_kv_hex(&o, "none", S(""));
    json_kv_time(&o, "at", 1763785505000);
    json_kv_raw(&o, "raw", S("[1]"));
    json_put_end(&o);
    CHECK(!b.failed);
    CHECK_STR("all kinds", buf_str(&b),
              "{\"s\":\"a\\\"b\\n\xef\xbf\xbd\",\"list\":[9223372036854775807,-5,{},[],null],\"yes\":true,"
              "\"id\":\"01fe\",\"none\":\"\",\"at\":\"2025-11-22T04:25:05Z\",\"raw\":[1]}");
    AUTO_JSON struct json_in j;
    struct str s = { 0 };
    CHECK_OK(json_parse(&j, buf_str(&b), 4096));
    CHECK(json_need_str(&j, j.root, "s", 20, &s));
}

TEST(json_picks)
{
    static const struct str names[] = { STR("a"), STR("own") };
    static const struct {
        const char *what, *members, *want;
    } cases[] = {
        { "nothing", "", "" },
        { "none of them", "\"b\":1,\"c\":{\"a\":2}", "" },
        { "two of three", "\"a\":{\"x\":[1,{\"y\":2}]},\"b\":\"c\",\"own\":true",
          "\"a\":{\"x\":[1,{\"y\":2}]},\"own\":true" },
        { "brackets and commas in strings", "\"b\":\"},{\\\"a\\\":1,\",\"a\":\"[\\\\\"", "\"a\":\"[\\\\\"" },
        { "blanks", " \"b\" : [1, 2] , \"a\" : 3", "\"a\" : 3" },
        { "a string without an end", "\"a\":\"x", "\"a\":\"x" },
        { "a name without an end", "\"a", "" },
        { "too many ends", "]}\"a\":1}],\"own\":2", "\"a\":1,\"own\":2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 200 };
        json_pick(&out, str_c(cases[i].members), names, COUNT(names));
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}
