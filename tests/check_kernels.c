/*
 * Every kernel of every instruction set that this machine runs gives the bits of the scalar one, on random data and on data
 * at which arithmetic goes wrong; it reads nothing outside its inputs and writes nothing but its outputs. The vector
 * operations that they are written in are checked one by one before, the kernels of products after.
 *
 *   check_kernels [--seed N] [--rounds N] [--isa NAME] [--kernel NAME]     a line for what differs; exit 1
 *   check_kernels --bench [--isa NAME] [--kernel NAME]                     how fast they are
 *
 * kernels/ holds the parts: a new kernel is a row in core.c, encode.c or decode.c.
 */
#include "kernels/checks.h"
#include "kernels/draw.h"
#include "kernels/primitives.h"
#include "kernels/products.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const kernel_checks *const families[] = { &core_checks, &encode_checks, &decode_checks };
enum { FAMILIES = sizeof families / sizeof *families };

#define EACH_CHECK(c)                                                                                                       \
    for (size_t f_ = 0; f_ < FAMILIES; f_++)                                                                                \
        for (const kernel_check *c = families[f_]->rows; c < families[f_]->rows + families[f_]->count; c++)

static uint64_t seed = 20261125;
static unsigned rounds = 1000;
static const char *only_isa, *only_kernel;

/* What runs now: told when it touches forbidden memory. */
static char running[200] = "starting";

static void on_fault(int number)
{
    static const char reason[] = ": memory outside inputs and outputs was touched, or an instruction is unknown\n";
    const char *parts[] = { "check_kernels: ", running, reason };
    for (size_t i = 0; i < 3; i++) {
        if (write(2, parts[i], strlen(parts[i])) < 0) {
            break;
        }
    }
    (void)number;
    _exit(1);
}

enum { LARGE_ROUND = 2 };

/* `bytes` of input at either end of the fence. */
static void *place(fence f, size_t bytes, size_t step, uint64_t *state)
{
    const size_t shift = draw_below(state, 16) * step;
    return draw(state) & 1 ? f.bytes + f.size - bytes : f.bytes + shift;
}

typedef struct inputs {
    fence in, y, steps, zeros;
} inputs;

static job make_job(const kernel_check *check, const inputs *memory, unsigned round)
{
    job j = { .draws = (seed * 1000003 + round) * 4096 + check->member };
    const size_t elements = check->elements ? check->elements : 1, most = (TILE + MOST_TAIL) / elements + 1;
    const bool tail = round % 4 != 3;
    j.n = tail ? (round / 4 * 3 + round % 4) % (MOST_TAIL + 1) : draw_below(&j.draws, most);
    if (check->large > 0 && round == LARGE_ROUND) {
        j.n = check->large + draw_below(&j.draws, MOST_TAIL);
    }
    j.more = j.n * elements < TILE + MOST_TAIL ? j.n * elements : TILE + MOST_TAIL;
    j.kind = (value_kind)draw_below(&j.draws, VALUE_KINDS);
    j.in = place(memory->in, j.n * check->unit_bytes, check->any_address ? 1 : check->unit_bytes, &j.draws);
    j.y = place(memory->y, j.more * sizeof *j.y, sizeof *j.y, &j.draws);
    j.steps = place(memory->steps, j.more * sizeof *j.steps, sizeof *j.steps, &j.draws);
    j.zeros = place(memory->zeros, j.more * sizeof *j.zeros, sizeof *j.zeros, &j.draws);
    check->prepare(&j);
    return j;
}

/* One kernel of one instruction set against the scalar one. */
static bool same_as_scalar(const kernel_check *check, const ql_kernels *kernels)
{
    static outputs want, got;
    static inputs memory;
    if (!memory.in.bytes) {
        want = outputs_new();
        got = outputs_new();
        memory.in = fence_new((4 << 20) + 2 * MOST_TAIL);
        memory.y = fence_new((TILE + 2 * MOST_TAIL) * sizeof(float));
        memory.steps = fence_new((TILE + 2 * MOST_TAIL) * sizeof(float));
        memory.zeros = fence_new((TILE + 2 * MOST_TAIL) * sizeof(int32_t));
    }
    for (unsigned round = 0; round < rounds; round++) {
        const job j = make_job(check, &memory, round);
        snprintf(running, sizeof running, "%s of %s, round %u, seed %" PRIu64, check->name, kernels->name, round, seed);
        outputs_begin(&want, j.draws);
        outputs_begin(&got, j.draws);
        check->run(ql_kernels_at(0), &j, &want);
        check->run(kernels, &j, &got);
        size_t output;
        ptrdiff_t byte;
        if (!outputs_equal(&want, &got, &output, &byte)) {
            printf("%s: %s differs from scalar in round %u (%zu elements, values of kind %d): output %zu, byte %td\n",
                   kernels->name, check->name, round, j.n, (int)j.kind, output, byte);
            return false;
        }
    }
    return true;
}

/* Every member has a row: they are pointers, one behind the other. */
static unsigned members_without_row(void)
{
    unsigned missing = 0;
    const char *before = "name";
    for (size_t member = sizeof(const char *); member < sizeof(ql_kernels); member += sizeof(void (*)(void))) {
        const char *found = NULL;
        EACH_CHECK(c)
        {
            found = c->member == member ? c->name : found;
        }
        if (!found) {
            printf("kernels.h: the member behind %s has no row in tests/kernels\n", before);
            missing++;
        }
        before = found ? found : "that";
    }
    return missing;
}

static bool wanted(const char *only, const char *name)
{
    return !only || strcmp(only, name) == 0;
}

static int check_all(void)
{
    unsigned passed = 0, failed = members_without_row();
    printf("seed %" PRIu64 ", %u rounds\n", seed, rounds);
    ql_isa_info isa;
    for (size_t i = 1; ql_isa_at(i, &isa); i++) {
        if (!wanted(only_isa, isa.name)) {
            continue;
        }
        if (!isa.runs_here) {
            printf("%s: not on this machine\n", isa.name);
            continue;
        }
        if (!only_kernel) {
            snprintf(running, sizeof running, "the operations of %s, seed %" PRIu64, isa.name, seed);
            failed += primitives_check(isa.name, seed, rounds, &passed);
        }
        EACH_CHECK(c)
        {
            if (wanted(only_kernel, c->name)) {
                const bool good = same_as_scalar(c, ql_kernels_at(i));
                passed += good;
                failed += !good;
            }
        }
    }
    if (!only_isa && !only_kernel) {
        failed += products_check(seed, rounds / 4 + 1, running, sizeof running, &passed);
    }
    printf("check_kernels: %u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}

static uint64_t number(const char *text)
{
    char *end;
    const uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end) {
        fprintf(stderr, "check_kernels: '%s' is not a number\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "seed", required_argument, NULL, 's' }, { "rounds", required_argument, NULL, 'r' },
        { "isa", required_argument, NULL, 'i' },  { "kernel", required_argument, NULL, 'k' },
        { "bench", no_argument, NULL, 'b' },      { NULL, 0, NULL, 0 },
    };
    bool timing = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 's':
            seed = number(optarg);
            break;
        case 'r':
            rounds = (unsigned)number(optarg);
            break;
        case 'i':
            only_isa = optarg;
            break;
        case 'k':
            only_kernel = optarg;
            break;
        case 'b':
            timing = true;
            break;
        default:
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!timing) {
        signal(SIGSEGV, on_fault);
        signal(SIGBUS, on_fault);
        signal(SIGILL, on_fault);
        return check_all();
    }
    bench_header();
    EACH_CHECK(c)
    {
        if (wanted(only_kernel, c->name)) {
            bench(c, only_isa);
        }
    }
    return 0;
}
