/*
 * Why the error is what it is. The first reason that holds is told; its remedies are tried with real reports, and the best
 * one is named with what its report shows.
 */
#include "analysis/why.h"

#include "analysis/describe.h"

#include <math.h>
#include <stdio.h>

/* A gain in dB goes before bits that are saved. */
static bool is_better(const ql_tried *tried, const ql_tried *than)
{
    if ((tried->gain_db > 0) != (than->gain_db > 0)) {
        return tried->gain_db > 0;
    }
    return tried->gain_db > 0 ? tried->gain_db > than->gain_db : tried->saved_bits > than->saved_bits;
}

static void choose_remedy(ql_evidence *e, const ql_reason *told, ql_why *out)
{
    const ql_tried *best = NULL;
    for (size_t i = 0; i < told->count; i++) {
        const ql_tried *tried = ql_try(e, told->remedies[i]);
        if (ql_is_worth(tried) && (!best || is_better(tried, best))) {
            best = tried;
            out->remedy_key = ql_remedy_key(told->remedies[i]);
        }
    }
    if (best) {
        out->has_remedy = true;
        out->remedy = best->spec;
        out->gain_db = best->gain_db;
        out->saved_bits = best->saved_bits;
    }
}

static void say_remedy(const ql_evidence *e, const char *reason, ql_why *out)
{
    char spec[QL_SPEC_TEXT];
    const double db = e->report->metrics[QL_SQNR_DB] + out->gain_db, bits = e->report->bits_per_weight;
    ql_spec_format(&out->remedy, spec);
    if (out->saved_bits < QL_LEAST_SAVED) {
        snprintf(out->text, sizeof out->text, "%s. Try %s: %.2f dB, %+.2f", reason, spec, db, out->gain_db);
    } else {
        snprintf(out->text, sizeof out->text, "%s. Try %s: %.3f bits, %.2f dB, %+.2f", reason, spec, bits - out->saved_bits,
                 db, out->gain_db);
    }
}

static void say_exact(const ql_profile *profile, const ql_report *report, ql_why *out)
{
    ql_few_levels few;
    if (report->levels && ql_few_levels_of(profile, &few) && few.count > 1) {
        snprintf(out->text, sizeof out->text, "Already quantized: %u levels, and every one is met exactly", few.count);
    } else if (report->levels) {
        snprintf(out->text, sizeof out->text, "Every value is met exactly: the weights lie on %.0f of the %u levels",
                 report->metrics[QL_LEVELS_USED], report->levels);
    } else {
        snprintf(out->text, sizeof out->text, "Every value is kept as it is stored");
    }
}

ql_status ql_why_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                      ql_why *out, ql_error *error)
{
    ql_error own;
    *out = (ql_why) { 0 };
    if (report->sampled) {
        return ql_check_exact(report, error);
    }
    if (report->metrics[QL_MSE] == 0) {
        say_exact(profile, report, out);
        return QL_OK;
    }
    ql_evidence e = {
        .engine = engine,
        .profile = profile,
        .report = report,
        .idle = report->levels ? report->levels - (unsigned)report->metrics[QL_LEVELS_USED] : 0,
        .extra_bits = report->bits_per_weight - report->spec.bits,
        .is_matrix = profile->tensor->rows > 1 && profile->tensor->cols > 1,
        .monitor = monitor,
        .error = error ? error : &own,
    };
    e.has_few = ql_few_levels_of(profile, &e.few) && e.few.count > 1;
    e.reach = fmax(fabs(profile->x_min - report->stats.mean), fabs(profile->x_max - report->stats.mean)) / report->stats.std;
    const ql_reason *told = ql_reasons;
    while (!told->holds(&e)) {
        told++;
    }
    choose_remedy(&e, told, out);
    if (e.status != QL_OK) {
        *out = (ql_why) { 0 };
        return e.status;
    }
    char reason[240];
    told->say(&e, reason, sizeof reason);
    if (out->has_remedy) {
        say_remedy(&e, reason, out);
    } else {
        snprintf(out->text, sizeof out->text, "%s", reason);
    }
    return QL_OK;
}
