/* Command lines about what is on the screen. */
#include "tui/said.h"

#include <stdlib.h>
#include <string.h>

bool tui_tells_product(const tui_app *app)
{
    const tui_document *document = &app->document;
    const char *x = document->inputs->text, *usual = app->options->usual_x;
    const bool is_named = strcmp(x, TUI_INPUTS_USUAL) != 0 && !(usual && strcmp(x, usual) == 0);
    return (document->pins.open || is_named) && tui_pins_have_product(document);
}

bool tui_say(tui_said *out, const tui_app *app)
{
    const tui_document *document = &app->document;
    const ql_text name = tui_document_tensor(document)->name;
    *out = (tui_said) { .tensor = strndup(name.data, name.size) };
    out->words = (text_words) {
        .verb = "compare",
        .file = ql_model_path(app->model),
        .tensor = out->tensor,
        .raw = app->raw,
        .layout = app->layout == QL_LAYOUT_AUTO ? NULL : ql_layout_name(app->layout),
        .x = tui_tells_product(app) ? tui_inputs_named(document->inputs, tui_document_tensor(document)) : NULL,
        .ascii = app->options->ascii,
    };
    tui_said_one(out, app);
    if (document->pins.open)
        for (out->words.spec_count = 0; out->words.spec_count < document->pins.count; out->words.spec_count++)
            out->specs[out->words.spec_count] = document->pins.pins[out->words.spec_count].spec_text;
    out->words.specs = out->specs;
    return out->tensor != NULL;
}

void tui_said_one(tui_said *said, const tui_app *app)
{
    said->specs[0] = app->document.spec_text;
    said->words.spec_count = 1;
}

void tui_said_free(tui_said *said)
{
    free(said->tensor);
    free(said->methods);
    *said = (tui_said) { 0 };
}
