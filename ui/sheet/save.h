/* Documents and codes as files. */
#ifndef SHEET_SAVE_H
#define SHEET_SAVE_H

#include "sheet/table.h"

/* Writes the document to a file, whole or not at all: the bytes that the command prints. QL_BAD_WRITE, QL_NO_MEMORY. */
ql_status sheet_save(const sheet_document *document, const sheet_format *format, const char *path, ql_error *error);

/* The folder of `quant -o`, made when it is not there: the arrays of ql_report_write_npy, and the document, which is of this
   report, as report.json. Errors as those say. */
ql_status sheet_save_codes(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                           const sheet_document *document, const char *folder, ql_error *error);

/* The files that it writes: "codes.npy, scales.npy, dequant.npy and report.json". Cut where `size` is short. */
void sheet_codes_files(const ql_report *report, char *out, size_t size);

#endif
