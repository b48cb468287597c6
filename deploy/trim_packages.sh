#!/bin/sh
# Removes from an installed environment what the page never loads, for a small image: tests, headers,
# parts for other servers and for notebooks, symbols for debuggers, and pip itself.
# Usage: trim_packages.sh VENV/lib/pythonX.Y/site-packages
set -eu
cd "$1"

rm -rf pip pip-*.dist-info setuptools setuptools-*.dist-info pkg_resources _distutils_hack \
  distutils-precedence.pth
rm -rf numpy/distutils numpy/f2py
find numpy pandas pyarrow -type d -name tests -prune -exec rm -rf {} +
# Arrow's clients of other servers, its other formats and its headers. (libarrow_substrait is linked
# by everything.)
rm -rf pyarrow/include pyarrow/src pyarrow/libarrow_flight.so* pyarrow/libarrow_python_flight.so* \
  pyarrow/_flight.* pyarrow/_substrait.* pyarrow/libarrow_s3.so* pyarrow/_s3fs.* pyarrow/_gcsfs.* \
  pyarrow/_azurefs.* pyarrow/_hdfs.* pyarrow/_orc.* pyarrow/_dataset_orc.* \
  pyarrow/_pyarrow_cpp_tests.*
# LiteRT for graphics cards and its compilers; Jupyter's part of pydeck; OpenCV's Haar cascades.
rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/tools ai_edge_litert/vendors \
  pydeck/nbextension cv2/data/*.xml
# Streamlit's charts of other kinds than the page draws, each in a script of its own; type stubs and
# sources; time zones, which Debian has.
js=streamlit/static/static/js
rm -f $js/PlotlyChart.* $js/DeckGlJsonChart.* $js/EChartsChart.* $js/GraphVizChart.* $js/elk-*.js \
  $js/cytoscape.* $js/*iagram-*.js
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.hpp' \
  -o -name '*.c' -o -name '*.a' \) -delete
rm -rf tzdata/zoneinfo
# A library stands there under several names: the one in NEEDED is enough.
for file in pyarrow/*.so.[0-9]*.[0-9]*.[0-9]*; do
  [ -e "$file" ] && rm -f "$file" "${file%%.so.*}.so"
done
# Some libraries whose paths were rewritten when the wheel was made do not survive stripping: a file
# that no longer loads stays as it was.
original=$(mktemp)
find . -name '*.so*' -type f -size +50k | while read -r file; do
  cp -p "$file" "$original"
  strip --strip-unneeded "$file"
  ../../../bin/python -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$file" 2>/dev/null \
    || cp -p "$original" "$file"
done
rm -f "$original"
