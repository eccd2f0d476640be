// The same answers by Go's net/http.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

type message struct {
	Message string `json:"message"`
}

type item struct {
	Name     string  `json:"name"`
	Price    float64 `json:"price"`
	Quantity *int    `json:"quantity"`
}

type order struct {
	Customer struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"customer"`
	Items []item  `json:"items"`
	Note  *string `json:"note"`
}

type receipt struct {
	Customer string  `json:"customer"`
	Lines    int     `json:"lines"`
	Total    float64 `json:"total"`
}

type row struct {
	ID     int     `json:"id"`
	Name   string  `json:"name"`
	Price  float64 `json:"price"`
	Active bool    `json:"active"`
}

func answer(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func refuse(w http.ResponseWriter, reason string) {
	http.Error(w, reason, http.StatusUnprocessableEntity)
}

func readItem(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		refuse(w, "item_id must be an integer")
		return
	}
	query := r.URL.Query()
	limit := 10
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil {
			refuse(w, "limit must be an integer")
			return
		}
	}
	var q *string
	if query.Has("q") {
		text := query.Get("q")
		q = &text
	}
	answer(w, struct {
		ItemID int     `json:"item_id"`
		Q      *string `json:"q"`
		Limit  int     `json:"limit"`
	}{id, q, limit})
}

func createOrder(w http.ResponseWriter, r *http.Request) {
	var posted order
	if err := json.NewDecoder(r.Body).Decode(&posted); err != nil {
		refuse(w, "not an order")
		return
	}
	total := 0.0
	for _, line := range posted.Items {
		if line.Price <= 0 {
			refuse(w, "price must be positive")
			return
		}
		quantity := 1
		if line.Quantity != nil {
			quantity = *line.Quantity
		}
		total += line.Price * float64(quantity)
	}
	answer(w, receipt{posted.Customer.Name, len(posted.Items), total})
}

func main() {
	rows := make([]row, 1000)
	for number := range rows {
		rows[number] = row{number, fmt.Sprintf("row %d", number), float64(number) * 0.5, number%2 == 0}
	}
	hello := func(w http.ResponseWriter, r *http.Request) { answer(w, message{"Hello, World!"}) }
	http.HandleFunc("GET /plaintext", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("Hello, World!"))
	})
	http.HandleFunc("GET /json", hello)
	http.HandleFunc("GET /def", hello)
	http.HandleFunc("GET /items/{id}", readItem)
	http.HandleFunc("POST /orders", createOrder)
	http.HandleFunc("GET /dependencies", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]int{"value": 4})
	})
	http.HandleFunc("GET /sleep", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(10 * time.Millisecond)
		answer(w, message{"Hello, World!"})
	})
	http.HandleFunc("GET /list", func(w http.ResponseWriter, r *http.Request) { answer(w, rows) })
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
