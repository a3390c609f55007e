/* The content of a zip entry as a source of its own. */
#ifndef QL_FORMATS_ZIP_ENTRY_H
#define QL_FORMATS_ZIP_ENTRY_H

#include "formats/zip.h"

/*
 * A source over the content of the entry; `archive` and the directory of its zip must outlive it. A stored entry is given
 * as it lies in the archive, without a copy where that is mapped; a deflated one is unpacked (inflate.h).
 *
 * With check_crc, who has read the whole content knows that its CRC-32 is right: the bytes that make it wrong are not given
 * out, or not all of them. A fetch of at most the first megabyte - the header of an .npy file - unpacks and checks no more
 * than it asks for, unless that is everything.
 */
ql_status ql_zip_entry_open(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_source **out,
                            ql_error *error);

#endif
