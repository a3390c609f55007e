/* What the tests of the why-line share: asking for it, and holding what it promises against a report of the remedy. */
#ifndef QL_TESTS_WHY_H
#define QL_TESTS_WHY_H

#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

static ql_engine *engine;

static inline int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static inline int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

typedef struct told {
    ql_why why;
    ql_report *report;
    double remedy_db; /* of a report of the remedy, made here */
} told;

static inline told ask(const char *spec_text, ql_dtype dtype, ql_layout layout, uint64_t rows, uint64_t cols, const void *x)
{
    told t = { 0 };
    memory_tensor m;
    ql_profile *p;
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse(spec_text, &spec, &error), &error);
    memory_tensor_make(&m, dtype, x, layout, 2, (uint64_t[]) { rows, cols });
    must(ql_profile_make(engine, NULL, &m.tensor, NULL, &p, &error), &error);
    must(ql_report_make(engine, p, &spec, NULL, &t.report, &error), &error);
    memset(&t.why, 'x', sizeof t.why);
    must(ql_why_make(engine, p, t.report, NULL, &t.why, &error), &error);
    assert_non_null(memchr(t.why.text, 0, sizeof t.why.text));
    for (const char *c = t.why.text; *c; c++)
        assert_true((unsigned char)*c >= ' ');
    if (t.why.has_remedy) {
        ql_report *r;
        char text[QL_SPEC_TEXT], gain[64];
        must(ql_report_make(engine, p, &t.why.remedy, NULL, &r, &error), &error);
        t.remedy_db = r->metrics[QL_SQNR_DB];
        assert_true(t.why.gain_db == t.remedy_db - t.report->metrics[QL_SQNR_DB]);
        assert_true(t.why.saved_bits == t.report->bits_per_weight - r->bits_per_weight);
        assert_true(t.why.gain_db > 0 || (t.why.saved_bits > 0 && t.why.gain_db > -6.02 * t.why.saved_bits));
        ql_spec_format(&t.why.remedy, text);
        assert_non_null(strstr(t.why.text, text));
        snprintf(gain, sizeof gain, "%+.2f", t.why.gain_db);
        assert_non_null(strstr(t.why.text, gain));
        ql_report_free(&r);
    }
    ql_profile_free(&p);
    memory_tensor_free(&m);
    return t;
}

#endif
