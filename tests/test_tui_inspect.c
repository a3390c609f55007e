/* The sub-views that look into the tensor: their numbers are those of the files that `quant` writes and of the stored bytes;
   what keys and the mouse do to the cursor. */
#include "screens.h"

#include <ctype.h>
#include <math.h>

#include "npy.h"
#include "qloupe.h"

/* The texts of bits.h, which is part of the program. */
#include "text/bits.c"
#include "text/number.c"

enum { ROWS = 1024, COLS = 256 }; /* of MATRIX, which is stored [COLS][ROWS] */

#define LOUD   "data/loud.npy"
#define COARSE " -s absmax:bits=4,per=block,block=64"

/* ---- Golden screens -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *arguments;
} screens[] = {
    { "columns-80x24", MATRIX COARSE " --size 80x24 --keys '<Tab>vv'" },
    { "columns-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab>vv'" },
    { "columns-120x36-ascii", MATRIX COARSE " --size 120x36 --ascii --keys '<Tab>vvz'" },
    { "groups-80x24", MATRIX COARSE " --size 80x24 --keys '<Tab>vvvjj'" },
    { "groups-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab>vvv'" },
    { "groups-120x36-ascii", MATRIX " -s absmax:per=flat,block=100 --size 120x36 --ascii --keys '<Tab>vvvz'" },
    { "loud-columns-80x24", LOUD " --size 80x24 --keys '<Tab><Tab>vj'" },
    { "loud-columns-120x36", LOUD " --size 120x36 --keys '<Tab><Tab>v'" },
    { "loud-rows-120x36-ascii", LOUD " --size 120x36 --ascii --keys '<Tab><Tab>vvz'" },
    { "map-weights-80x24", MATRIX " --size 80x24 --keys '<Tab>Vdxxx'" },
    { "map-weights-120x36", LOUD " --size 120x36 --keys '<Tab>VdzL'" },
    { "map-weights-120x36-ascii", LOUD " --size 120x36 --ascii --keys '<Tab>Vdzxx'" },
    { "map-scales-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab>VDz'" },
    { "table-80x24", MATRIX COARSE " --size 80x24 --keys '<Tab><Tab>VVVD'" },
    { "table-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab><Tab>VVV'" },
    { "table-120x36-ascii", MATRIX COARSE " --size 120x36 --ascii --keys '<Tab><Tab>VVVdz'" },
    { "bits-80x24", MATRIX COARSE " --size 80x24 --keys '<Tab><Tab>VV'" },
    { "bits-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab><Tab>VVl'" },
    { "bits-q4_k-120x36-ascii", "tests/formats/good/gguf-q4_k.gguf --size 120x36 --ascii --keys '<Tab><Tab>VVz'" },
    { "bytes-80x24", MATRIX COARSE " --size 80x24 --keys '<Tab><Tab>V'" },
    { "bytes-120x36", MATRIX COARSE " --size 120x36 --keys '<Tab><Tab>V'" },
    { "bytes-q4_k-120x36-ascii", "tests/formats/good/gguf-q4_k.gguf --size 120x36 --ascii --keys '<Tab><Tab>Vz'" },
};

static void screens_are_as_recorded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
        assert_screen(screens[i].name, screens[i].arguments);
}

/* ---- The numbers ------------------------------------------------------------------------------------------------- */

/* The number after `label` and a space, behind `after`. */
static double number_on(const char *screen, const char *after, const char *label)
{
    char text[64];
    snprintf(text, sizeof text, "  %s ", label);
    const char *at = strstr(screen, after), *found = at ? strstr(at, text) : NULL;
    if (!found)
        fail_msg("no '%s' behind '%s' in\n%s", text, after, screen);
    return found ? strtod(found + strlen(text), NULL) : 0;
}

/* To the four digits that a screen shows. */
static void assert_shown(double shown, double value, const char *what)
{
    if (!(fabs(shown - value) <= 6e-4 * fabs(value) + 1e-30))
        fail_msg("%s: the screen shows %.9g, it is %.9g", what, shown, value);
}

/* What quant writes, in stored order. */
typedef struct answers {
    npy codes, values, original;
} answers;

static void take_answers(answers *out, const char *arguments)
{
    const char *folder = testing_folder();
    testing_result result = testing_run("\"$QLOUPE\" quant %s -o %s/out", arguments, folder);
    if (result.exit_code != 0)
        fail_msg("%s", result.standard_error);
    testing_result_free(&result);
    assert_true(npy_read(testing_path(folder, "out/codes.npy"), &out->codes));
    assert_true(npy_read(testing_path(folder, "out/dequant.npy"), &out->values));
    result = testing_run("\"$QLOUPE\" quant " MATRIX " -s none -o %s/none", folder);
    testing_result_free(&result);
    assert_true(npy_read(testing_path(folder, "none/dequant.npy"), &out->original));
}

static void drop_answers(answers *a)
{
    npy_free(&a->codes);
    npy_free(&a->values);
    npy_free(&a->original);
}

static const struct {
    int row, col;
} places[] = { { 0, 0 }, { 654, 194 }, { ROWS - 1, COLS - 1 }, { 17, 63 }, { 500, 64 }, { 1000, 3 } };
enum { PLACES = sizeof places / sizeof places[0] };

static void the_table_holds_what_quant_writes(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4,per=block,block=64", "zeropoint:per=row", "nf4",
                                         "absmax:outliers=1%" };
    char arguments[256];
    for (size_t k = 0; k < sizeof specs / sizeof specs[0]; k++) {
        answers a;
        snprintf(arguments, sizeof arguments, MATRIX " -s %s", specs[k]);
        take_answers(&a, arguments);
        for (int i = 0; i < PLACES; i++) {
            const size_t at = (size_t)places[i].col * ROWS + (size_t)places[i].row;
            char place[32];
            snprintf(place, sizeof place, "W[%d][%d]", places[i].row, places[i].col);
            char *screen = screen_of("%s --size 120x36 --keys '<Tab><Tab>VVVz:goto %d,%d<Enter>'", arguments, places[i].row,
                                     places[i].col);
            const double w = a.original.values[at], y = a.values.values[at];
            assert_shown(number_on(screen, place, "w"), w, place);
            if (!strstr(screen, "code half")) /* kept in half precision */
                assert_int_equal((int)number_on(screen, place, "code"), (int)a.codes.values[at]);
            assert_shown(number_on(screen, place, "y"), y, place);
            assert_shown(number_on(screen, place, "e"), (double)((float)w - (float)y), place);
            free(screen);
        }
        drop_answers(&a);
    }
}

/* Every cell of the table, not only the cursor's. */
static void the_cells_of_the_table_are_in_their_places(void **state)
{
    (void)state;
    answers a;
    take_answers(&a, MATRIX " -s absmax:bits=4");
    char *screen = screen_of(MATRIX " -s absmax:bits=4 --size 80x24 --keys '<Tab><Tab>VVVd:goto 300,100<Enter>'");
    int seen = 0;
    for (int y = 0; y < 24; y++) {
        const char *line = line_of(screen, y), *text = strstr(line, "│");
        int row, used;
        if (!text || sscanf(text + strlen("│"), "%d%n", &row, &used) != 1 || !strstr(screen, "codes [") || row < 300)
            continue;
        text += strlen("│") + (size_t)used;
        for (int col = 100; col <= 105; col++) { /* the first is the cursor's */
            int code = 1000;
            text += strspn(text, " []");
            assert_int_equal(sscanf(text, "%d%n", &code, &used), 1);
            text += used;
            assert_int_equal(code, (int)a.codes.values[(size_t)col * ROWS + (size_t)row]);
            seen++;
        }
    }
    assert_true(seen >= 60);
    free(screen);
    drop_answers(&a);
}

static void single_weights_of_the_map_have_their_numbers(void **state)
{
    (void)state;
    answers a;
    take_answers(&a, MATRIX " -s absmax:bits=4");
    for (int i = 0; i < PLACES; i++) {
        const size_t at = (size_t)places[i].col * ROWS + (size_t)places[i].row;
        const double w = a.original.values[at], e = (double)((float)w - (float)a.values.values[at]);
        char place[64], text[64];
        char *screen = screen_of(MATRIX " -s absmax:bits=4 --size 120x36 --keys '<Tab>Vz:goto %d,%d<Enter>xxxxxxxx'",
                                 places[i].row, places[i].col);
        snprintf(place, sizeof place, "here [%d,%d]: MSE ", places[i].row, places[i].col);
        assert_shows(screen, place);
        assert_shown(strtod(strstr(screen, place) + strlen(place), NULL), e * e, place);
        free(screen);
        screen = screen_of(MATRIX " -s absmax:bits=4 --size 120x36 --keys '<Tab>Vdz:goto %d,%d<Enter>xxxxxxxx'",
                           places[i].row, places[i].col);
        snprintf(text, sizeof text, "here [%d,%d]: w ", places[i].row, places[i].col);
        assert_shows(screen, text);
        assert_shown(strtod(strstr(screen, text) + strlen(text), NULL), w, text);
        free(screen);
    }
    drop_answers(&a);
}

/* Every line of the hex view against the file. */
static void bytes_are_those_of_the_file(void **state)
{
    (void)state;
    static const char *const files[] = { DEMO " -t h.2.mlp.c_fc.weight", DEMO " -t h.0.ln_1.bias", LOUD,
                                         "tests/formats/good/gguf-q4_k.gguf", "tests/formats/good/gguf-i16.gguf" };
    static const char *const sizes[] = { "80x24", "120x36", "200x60" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (size_t k = 0; k < 3; k++) {
            size_t size;
            char path[128];
            snprintf(path, sizeof path, "%.*s", (int)strcspn(files[i], " "), files[i]);
            char *file = testing_read(path, &size);
            char *screen = screen_of("%s --size %s --keys '<Tab><Tab>V%s'", files[i], sizes[k], k == 1 ? "jjl" : "z");
            int bytes = 0;
            for (int y = 0; y < 60; y++) {
                const char *at = line_of(screen, y), *cell = at;
                while ((at = strstr(at, "│ ")) != NULL) /* of the last pane on the line */
                    cell = at += strlen("│ ");
                uint64_t offset;
                int used, byte;
                if (sscanf(cell, "%6" SCNx64 "%n", &offset, &used) != 1 || used != 6)
                    continue;
                for (cell += used; strchr(" []<>{}", *cell) && isxdigit((unsigned char)cell[1]) &&
                                   sscanf(cell + 1, "%2x%n", (unsigned *)&byte, &used) == 1 && used == 2;
                     cell += 3, offset++, bytes++)
                    if ((unsigned char)file[offset] != (unsigned)byte)
                        fail_msg("%s: byte %llu is %02x, shown as %02x\n%s", files[i], (unsigned long long)offset,
                                 (unsigned char)file[offset], byte, screen);
            }
            assert_true(bytes > 0);
            free(screen);
            free(file);
        }
}

/* ---- Bits -------------------------------------------------------------------------------------------------------- */

static void bits_are_explained(void **state)
{
    (void)state;
    static const struct {
        ql_dtype dtype;
        uint64_t raw;
        double value;
        const char *lines[4];
    } rows[] = {
        { QL_F16,
          0xb509,
          -0x1.424p-2,
          { "1 01101 0100001001 = 0xb509", "s eeeee mmmmmmmmmm", "-(1 + 265/1024) × 2^(13 - 15)",
            "= -1.259 × 2^-2 = -0.3146972656" } },
        { QL_F16, 0x0001, 0x1p-24, { "0 00000 0000000001 = 0x0001", NULL, "+(0 + 1/1024) × 2^(1 - 15)", NULL } },
        { QL_F16, 0x7c00, INFINITY, { "0 11111 0000000000 = 0x7c00", NULL, "= inf, which these bits are kept for", NULL } },
        { QL_BF16,
          0x3f80,
          1,
          { "0 01111111 0000000 = 0x3f80", "s eeeeeeee mmmmmmm", "+(1 + 0/128) × 2^(127 - 127)", "= +1 × 2^0 = 1" } },
        { QL_F32,
          0xc0490fdb,
          (double)-0x1.921fb6p1f,
          { "1 10000000 10010010000111111011011 = 0xc0490fdb", NULL, NULL, "= -1.571 × 2^1 = -3.141592741" } },
        { QL_F8_E4M3FNUZ,
          0x7f,
          240,
          { "0 1111 111 = 0x7f", "s eeee mmm", "+(1 + 7/8) × 2^(15 - 8)", "= +1.875 × 2^7 = 240" } },
        { QL_F8_E8M0, 0x80, 2, { "10000000 = 0x80", "eeeeeeee", "2^(128 - 127) = 2", NULL } },
        { QL_F4, 0xf, -6, { "1 11 1 = 0xf", "s ee m", "-(1 + 1/2) × 2^(3 - 1)", "= -1.500 × 2^2 = -6" } },
        { QL_I16, 0xfffe, -2, { "11111111 11111110 = 0xfffe", "-2: two's complement", NULL, NULL } },
        { QL_U8, 200, 200, { "11001000 = 0xc8", "200: no sign", NULL, NULL } },
        { QL_BOOL, 1, 1, { "00000001 = 0x01", NULL, NULL, NULL } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char lines[TEXT_BITS_LINES][TEXT_BITS_SIZE] = { { 0 } };
        const size_t count = text_bits(rows[i].dtype, rows[i].raw, rows[i].value, lines);
        assert_in_range(count, 2, TEXT_BITS_LINES);
        for (int k = 0; k < 4; k++)
            if (rows[i].lines[k])
                assert_string_equal(lines[k], rows[i].lines[k]);
    }
    char lines[TEXT_BITS_LINES][TEXT_BITS_SIZE];
    text_bits(QL_F64, UINT64_MAX, NAN, lines); /* the longest */
    assert_int_equal(strlen(lines[0]), 66 + strlen(" = 0xffffffffffffffff"));
}

/* Whatever the type is: what the fields make is the value. */
static void fields_make_the_value(void **state)
{
    (void)state;
    static const ql_dtype dtypes[] = { QL_F8_E5M2, QL_F8_E4M3, QL_F16, QL_BF16 };
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        const unsigned bits = ql_dtype_describe(dtypes[i])->bits;
        for (uint32_t raw = 0; raw < 1u << bits; raw += bits == 8 ? 1 : 37) {
            const fields f = take_apart(dtypes[i], ql_dtype_describe(dtypes[i]), raw);
            const int power = (f.exponent > 0 ? (int)f.exponent : 1) - f.bias;
            const double size = ldexp((f.exponent > 0) + ldexp((double)f.mantissa, -(int)f.mantissa_bits), power),
                         value = f.is_negative ? -size : size;
            ql_float_parts parts;
            assert_true(ql_float_take_apart(dtypes[i], value, &parts));
            if (isfinite(parts.stored) && parts.stored == value)
                assert_int_equal(parts.code, raw);
        }
    }
}

/* ---- Keys and the mouse ------------------------------------------------------------------------------------------- */

static void keys_move_the_weight_that_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shown;
    } rows[] = {
        { "<Tab><Tab>VVV", "W[654][194]" }, /* the largest */
        { "<Tab><Tab>VVVhhk", "W[653][192]" },
        { "<Tab>Vxxx:goto 7,8<Enter><Enter>", "W[7][8]  w " }, /* from the map to the weights */
        { "<Tab><Tab>VVVlj", "W[655][195]" },
        { "<Tab><Tab>VVV<Home>", "W[654][0]" },
        { "<Tab><Tab>VVV<End>l", "W[654][255]" },
        { "<Tab><Tab>VVV:goto 0,0<Enter>hk", "W[0][0]" },
        { "<Tab><Tab>VVV:goto 1023,255<Enter>jl", "W[1023][255]" },
        { "<Tab><Tab>VVV:goto 5,6<Enter>W", "W[654][194]" },
        { "<Tab><Tab>VVVJ", "W[0][" }, /* a vector: one row */
        { "<Tab><Tab>VVl", "W[654][195]" },
        { "<Tab><Tab>Vl", "W[655][194]" }, /* along the file, which is stored [in,out] */
        { "<Tab><Tab>V<Home>", "W[0][0]" },
        { "<Tab><Tab>V<End>", "W[1023][255]" },
        { "<Tab><Tab>VVV:goto 12,34<Enter>2", "W[12][34]" }, /* the microscope is there, too */
        { "2n1<Tab><Tab>VVV", "W[654][195]" },
        { ":goto 1024,0<Enter>", "the tensor has 1,024 rows and 256 columns, counted from 0" },
        { ":goto 1<Enter>", "which weight? a row and a column" },
        { ":goto a,b<Enter>", "which weight?" },
        { ":goto 1,2 x<Enter>", "which weight?" },
        { "J:goto 17<Enter><Tab><Tab>VVV", "W[0][17]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --size 120x36 --keys '%s'", rows[i].keys);
        if (!strstr(screen, rows[i].shown))
            fail_msg("%s: '%s' is not on\n%s", rows[i].keys, rows[i].shown, screen);
        free(screen);
    }
}

static void the_worst_weight_has_the_largest_error(void **state)
{
    (void)state;
    char *json = compare_json(MATRIX " -s absmax:bits=4"), text[64];
    char *screen = screen_of(MATRIX " -s absmax:bits=4 --size 120x36 --keys '<Tab><Tab>VVVzR'");
    snprintf(text, sizeof text, "%#.4g", json_number(json, "max_abs"));
    assert_shows(screen, text);
    assert_shown(fabs(number_on(screen, "W[", "e")), json_number(json, "max_abs"), "e");
    free(screen);
    free(json);
}

/* The numbers "[R0-R1,C0-C1]" of the map's title. */
static void read_region(const char *screen, int out[4])
{
    const char *at = strstr(screen, "map of ");
    at = at ? strchr(at, '[') : NULL;
    if (!at || sscanf(at, "[%d-%d,%d-%d]", &out[0], &out[1], &out[2], &out[3]) != 4)
        fail_msg("no region in\n%s", screen);
}

static void the_map_goes_closer_and_along(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        int rows, cols;  /* that are shown */
        bool has_cursor; /* W[654][194] is in it */
    } rows[] = {
        { "<Tab>Vz", 1024, 256, true },
        { "<Tab>Vzx", 512, 128, true },
        { "<Tab>Vzxx", 256, 116, true },
        { "<Tab>VzxxX", 512, 232, true },
        { "<Tab>VzxxXXX", 1024, 256, true },
        { "<Tab>Vzxxx0", 1024, 256, true },
        { "<Tab>Vzxxxxxxxxxxx", 19, 116, true },
        { "<Tab>Vzxx:goto 0,0<Enter>", 256, 116, false },
        { "<Tab>Vzxxx<PgUp><PgUp>", 128, 116, false },
        { "<Tab>Vzxxxxx<Home><Home>", 32, 116, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of(MATRIX " --size 120x36 --keys '%s'", rows[i].keys);
        int r[4] = { 0 };
        read_region(screen, r);
        if (r[1] - r[0] + 1 != rows[i].rows || r[3] - r[2] + 1 != rows[i].cols || r[1] >= ROWS || r[3] >= COLS)
            fail_msg("%s shows\n%s", rows[i].keys, screen);
        if ((r[0] <= 654 && 654 <= r[1] && r[2] <= 194 && 194 <= r[3]) != rows[i].has_cursor)
            fail_msg("%s: the cursor is lost in\n%s", rows[i].keys, screen);
        assert_shows(screen, "here [");
        free(screen);
    }
}

/* In screen cells: where a text begins on a line, from 1. */
static void find_on(const char *screen, const char *text, int *line, int *column)
{
    const char *at = strstr(screen, text);
    if (!at)
        fail_msg("no '%s' on\n%s", text, screen);
    *line = *column = 1;
    for (const char *c = screen; at && c < at; c++) {
        *line += *c == '\n';
        *column = *c == '\n' ? 1 : *column + (((unsigned char)*c & 0xC0) != 0x80);
    }
}

static void the_mouse_points_and_goes_closer(void **state)
{
    (void)state;
    int line, column;
    char *screen = screen_of(MATRIX " --size 120x36 --keys '<Tab>Vz'");
    find_on(screen, "here [", &line, &column);
    free(screen);
    screen = screen_of(MATRIX " --size 120x36 --keys '<Tab>Vz<Click:%d,%d>'", line + 1, column);
    assert_shows(screen, "here [0-53,0-2]");
    free(screen);
    screen =
        screen_of(MATRIX " --size 120x36 --keys '<Tab>Vz<Click:%d,%d><WheelUp:%d,%d>'", line + 1, column, line + 1, column);
    assert_shows(screen, "[0-511,0-127]");
    free(screen);
    screen = screen_of(MATRIX " --size 120x36 --keys '<Tab>Vzx<WheelDown:%d,%d>'", line + 3, column + 9);
    assert_shows(screen, "[0-1023,0-255]");
    free(screen);
    screen = screen_of(MATRIX " --size 80x24 --keys '<Tab><Tab>VVV'");
    find_on(screen, "W[654][194]", &line, &column);
    free(screen);
    screen = screen_of(MATRIX " --size 80x24 --keys '<Tab><Tab>VVV<Click:%d,%d>'", line + 3, column + 20);
    assert_shows(screen, "W[645][190]");
    free(screen);
}

/* Column 5 is the loudest, row 2, too; the worst group is known. */
static const char *write_loud(void)
{
    static float values[16][64];
    for (int row = 0; row < 16; row++)
        for (int col = 0; col < 64; col++)
            values[row][col] = 0.01f * (float)((row * 7 + col * 3) % 11 - 5) * (col == 5 ? 9 : 1) * (row == 2 ? 3 : 1);
    static char path[256];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "loud.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 16, 64 }, values));
    return path;
}

static void lists_name_the_loudest_and_lead_there(void **state)
{
    (void)state;
    const char *path = write_loud();
    char *screen = screen_of("%s --size 80x24 --keys '<Tab><Tab>v'", path);
    assert_shows(screen, "64 columns");
    assert_shows(screen, "│  5  ");
    free(screen);
    screen = screen_of("%s --size 80x24 --keys '<Tab><Tab>v<Enter>'", path);
    assert_shows(screen, "map of the error");
    assert_shows(screen, ",5]: MSE");
    free(screen);
    screen = screen_of("%s --size 80x24 --keys '<Tab><Tab>vv<Enter>xx'", path);
    assert_shows(screen, "here [2,");
    free(screen);
    char arguments[300];
    snprintf(arguments, sizeof arguments, "%s -s absmax:bits=3,per=row", path);
    char *json = compare_json(arguments), text[64];
    snprintf(text, sizeof text, "worst group 2: MSE %#.4g", json_number(json, "worst_row_mse")); /* groups are the rows */
    screen = screen_of("%s --size 80x24 --keys '<Tab>vvv'", arguments);
    assert_shows(screen, text);
    assert_shows(screen, "[2,0-63]");
    free(screen);
    free(json);
    screen = screen_of("%s -s absmax --size 80x24 --keys '<Tab>vvv'", path);
    assert_shows(screen, "one group: all weights share their scale");
    free(screen);
    screen = screen_of("%s -s none --size 80x24 --keys '<Tab>VDD'", path);
    assert_shows(screen, "map of mean |w|");
    free(screen);
    screen = screen_of("%s -s none --size 80x24 --keys '<Tab>VD'", path);
    assert_shows(screen, "none has no scales");
    free(screen);
}

/* A vector of 768 is the first tensor of the demo, a matrix of 16 x 64 that of the other file. */
static void another_file_is_seen_from_its_start(void **state)
{
    (void)state;
    static const char *const keys[] = { "<Tab>Vzx:goto 0,700<Enter>", "<Tab>V:goto 0,700<Enter>xz",
                                        "<Tab><Tab>VVV<End><Tab><Tab><Tab>Vz" };
    char path[256];
    snprintf(path, sizeof path, "%s", write_loud());
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *screen = screen_of(DEMO " -t h.0.attn.c_attn.bias --size 80x24 --keys '%s<settle>:open %s<Enter><settle>'",
                                 keys[i], path);
        assert_shows(screen, "map of the error [0-15,0-63]");
        assert_shows(screen, "here [");
        free(screen);
    }
    char *screen = screen_of(
        DEMO " -t h.0.attn.c_attn.bias --size 80x24 --keys '<Tab><Tab>VVV<End><settle>:open %s<Enter><settle>'", path);
    assert_shows(screen, "  w ");
    free(screen);
}

static void a_tensor_that_nothing_takes_has_its_reason(void **state)
{
    (void)state;
    const float values[4] = { 1, NAN, 2, 3 };
    char path[256];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "nan.npy"));
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 2, 2 }, values));
    static const char *const keys[] = { "<Tab><Tab>v",  "<Tab><Tab>VVVj", "<Tab><Tab>VVR",
                                        "<Tab><Tab>Vl", "<Tab>Vxd",       "<Tab>vvvj<Enter>" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *screen = screen_of("%s --size 80x24 --keys '%s'", path, keys[i]);
        assert_shows(screen, "NaN");
        free(screen);
    }
}

/* Every sub-view of odd shapes, types and sizes; keys in all of them. */
static void every_shape_and_size_is_drawn(void **state)
{
    (void)state;
    static float values[3000];
    for (int i = 0; i < 3000; i++)
        values[i] = (float)(i * 37 % 101) / 50 - 1;
    static const uint64_t shapes[][2] = { { 1, 1 }, { 1, 3000 }, { 3000, 1 }, { 2, 513 } };
    static const char *const sizes[] = { "1x1", "9x40", "60x16", "80x24", "100x29", "300x20", "61x100" };
    static const char *const specs[] = { "absmax:bits=4,per=flat,block=7", "ternary", "kmeans:bits=2", "mxfp4", "none" };
    static const char keys[] =
        "vv<Tab>vvvjkhl<PgDn><End><Enter><Tab><S-Tab>VVzxlj<PgDn>X0dDWR<PgUp><Home><Tab>vjk<Enter><S-Tab>"
        "<Tab><Tab>vvjhkl<PgDn><PgUp>dR<Home><End>vljkhvlkj<PgDn><End><Home>z";
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "shape.npy"));
        assert_true(npy_write(path, "f4", 2, shapes[i], values));
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            free(screen_of("%s -s %s --keys '%s' --size %s %s", path, specs[(i + k) % (sizeof specs / sizeof specs[0])],
                           keys, sizes[k], k % 2 ? "--ascii" : ""));
    }
    static const char *const types[] = { "q8_0", "q2_k", "iq4_xs", "nvfp4", "bf16", "i64", "f64", "i8" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        free(screen_of("tests/formats/good/gguf-%s.gguf --keys '%s' --size 80x24", types[i], keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded),
        cmocka_unit_test(the_table_holds_what_quant_writes),
        cmocka_unit_test(the_cells_of_the_table_are_in_their_places),
        cmocka_unit_test(single_weights_of_the_map_have_their_numbers),
        cmocka_unit_test(bytes_are_those_of_the_file),
        cmocka_unit_test(bits_are_explained),
        cmocka_unit_test(fields_make_the_value),
        cmocka_unit_test(keys_move_the_weight_that_is_looked_at),
        cmocka_unit_test(the_worst_weight_has_the_largest_error),
        cmocka_unit_test(the_map_goes_closer_and_along),
        cmocka_unit_test(the_mouse_points_and_goes_closer),
        cmocka_unit_test(lists_name_the_loudest_and_lead_there),
        cmocka_unit_test(another_file_is_seen_from_its_start),
        cmocka_unit_test(a_tensor_that_nothing_takes_has_its_reason),
        cmocka_unit_test(every_shape_and_size_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
