#ifndef SHMETRICS_CXX_EXPORT_H_
#define SHMETRICS_CXX_EXPORT_H_

/// SHMETRICS_CXX_EXPORT marks each class and function of the C++ interface: visible outside the shared
/// library, and of the standard library that it was compiled with.
///
/// Texts, vectors and optionals cross the library's edge, and flags of the compiler change what they look
/// like in memory. A program of another layout would read and write them wrongly, and what it spoils in the
/// segment is spoilt for every process. So the layout is in the name of each symbol, as in
///   shmetrics::Registry[abi:std_is_libstdcxx_with_GLIBCXX_DEBUG]::GlobalOf(unsigned long)
/// and a program of another layout does not link. Each tag is in the symbols of the classes themselves, so
/// it is also in those of functions that take no std:: type, and of those that are called before
/// Registry::global().
///
/// For such a program: build shmetrics with _GLIBCXX_USE_CXX11_ABI=0 too, or use the C interface
/// (shmetrics/c.h), which hands over no std:: type and has no tag.

#include <version>

#include "shmetrics/export.h"

#if defined(_LIBCPP_VERSION)

// Its namespace changes with its layout: __1, __2, __ndk1.
#define SHMETRICS_TEXT_OF_NAME(name) #name
#define SHMETRICS_TEXT_OF(macro) SHMETRICS_TEXT_OF_NAME(macro)
#define SHMETRICS_STD_TAG "std_is_libcxx" SHMETRICS_TEXT_OF(_LIBCPP_ABI_NAMESPACE)

#elif defined(__GLIBCXX__)

#if _GLIBCXX_USE_CXX11_ABI
#define SHMETRICS_STD_TAG_OF_STRINGS ""
#else
#define SHMETRICS_STD_TAG_OF_STRINGS "_with_USE_CXX11_ABI_0"
#endif
#if defined(_GLIBCXX_DEBUG)
#define SHMETRICS_STD_TAG_OF_CONTAINERS "_with_GLIBCXX_DEBUG"
#else
#define SHMETRICS_STD_TAG_OF_CONTAINERS ""
#endif
#if _GLIBCXX_INLINE_VERSION
#define SHMETRICS_STD_TAG_OF_VERSION "_with_INLINE_VERSION"
#else
#define SHMETRICS_STD_TAG_OF_VERSION ""
#endif
#define SHMETRICS_STD_TAG \
  "std_is_libstdcxx" SHMETRICS_STD_TAG_OF_STRINGS SHMETRICS_STD_TAG_OF_CONTAINERS SHMETRICS_STD_TAG_OF_VERSION

#else
#error "shmetrics knows libstdc++ and libc++ only: with another standard library, use its C interface"
#endif

#define SHMETRICS_CXX_EXPORT SHMETRICS_EXPORT __attribute__((abi_tag(SHMETRICS_STD_TAG)))

#endif  // SHMETRICS_CXX_EXPORT_H_
