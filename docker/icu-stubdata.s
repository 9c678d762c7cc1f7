# ICU's data library without data, as ICU's own `stubdata` is: 31 MB less in the image.
#
# Only libxml2 asks ICU for it, for character sets beside Unicode; only libarchive asks libxml2, for one kind of
# archive; and tesseract, which links libarchive, reads no archive here. A request for data fails with an error.
        .section .rodata
        .globl  icudt72_dat
        .type   icudt72_dat, @object
        .balign 16
icudt72_dat:
        .short  32                      # bytes of this header
        .byte   0xda, 0x27              # magic
        .short  20, 0                   # bytes of the description; reserved
        .byte   0, 0, 2, 0              # little endian, ASCII, two bytes a character; reserved
        .ascii  "CmnD"                  # a common data file
        .byte   1, 0, 0, 0              # version of the format
        .byte   0, 0, 0, 0              # version of the data
        .zero   8
        .long   0                       # entries
        .zero   12
        .size   icudt72_dat, . - icudt72_dat
        .section .note.GNU-stack, "", @progbits
