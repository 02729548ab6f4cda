package browsertest

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
	"testing"
)

// maxColors is what the palette of a PNG holds.
const maxColors = 256

// shrink makes a PNG small by a palette: the colors that are most frequent, which
// are those of paper, ink and its edges, and of the others those that differ most.
// Every other one becomes the nearest of them.
func shrink(tb testing.TB, picture []byte) []byte {
	tb.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		tb.Fatal(err)
	}
	bounds, count := img.Bounds(), map[color.RGBA]int{}
	each(bounds, func(x, y int) { count[at(img, x, y)]++ })
	palette := paletteOf(count)
	small, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	each(bounds, func(x, y int) {
		c := at(img, x, y)
		i, known := nearest[c]
		if !known {
			i = uint8(palette.Index(c)) //nolint:gosec // below maxColors
			nearest[c] = i
		}
		small.SetColorIndex(x, y, i)
	})
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, small); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func paletteOf(count map[color.RGBA]int) color.Palette {
	rest := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var palette color.Palette
	for _, c := range rest[:min(len(rest), maxColors/2)] {
		palette = append(palette, c)
	}
	rest = rest[len(palette):]
	distances := make([]int, len(rest)) // to the nearest color of the palette
	for i, c := range rest {
		distances[i] = distance(c, palette[palette.Index(c)].(color.RGBA))
	}
	for len(palette) < maxColors && len(rest) > 0 {
		farthest := slices.Index(distances, slices.Max(distances))
		if distances[farthest] == 0 {
			break
		}
		added := rest[farthest]
		palette = append(palette, added)
		for i, c := range rest {
			distances[i] = min(distances[i], distance(c, added))
		}
	}
	return palette
}

func distance(a, b color.RGBA) int {
	r, g, blue := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + blue*blue
}

func each(r image.Rectangle, do func(x, y int)) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			do(x, y)
		}
	}
}

func at(img image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
}
