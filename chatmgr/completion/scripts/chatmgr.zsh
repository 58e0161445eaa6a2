#compdef chatmgr
# Completion of chatmgr in zsh. Made by: chatmgr completion show zsh
#
# compadd quotes every candidate for the place where it goes; nothing that stands on the line is run.

_chatmgr() {
    emulate -L zsh
    local -a program values shown
    local word asked current=$PREFIX kind value about option
    local -i count=$(( CURRENT - 1 )) width=0 described=0

    if [[ -z $QIPREFIX ]]; then
        current=${(Q)PREFIX}
    elif [[ $QIPREFIX == *\" ]]; then
        current=${(Q)${:-\"$PREFIX\"}}
    fi
    for word in "${(@)words[1,CURRENT-1]}"; do
        word=${(Q)word}
        [[ $word == *[\'\"\\[:space:]]* || -z $word ]] && word=${(qq)word}
        asked+="$word "
    done
    [[ $current == --*=* ]] && option=1
    [[ $current == *[\'\"\\[:space:]]* ]] && current=${(qq)current}

    program=(chatmgr)
    (( $+commands[chatmgr] )) || program=(@PROGRAM@)
    while IFS= read -r kind && IFS= read -r value && IFS= read -r about; do
        case $kind in
            dir) _files -/; continue ;;
            file) _files; continue ;;
            plain) ;;
            *) continue ;;
        esac
        if [[ $about == _ ]]; then
            about=
        else
            value=${value//\\:/:}
            described=1
        fi
        values+=("$value")
        shown+=("$about")
        (( ${(m)#value} > width )) && width=${(m)#value}
    done < <(
        COMP_WORDS="$asked$current" COMP_CWORD=$count _CHATMGR_COMPLETE=zsh_complete \
            command "${program[@]}" 2> /dev/null < /dev/null
    )
    (( $#values )) || return 1
    [[ -n $option ]] && compset -P '--*='
    if (( ! described )); then
        compadd -V chatmgr -a values
        return
    fi
    local -i at
    for (( at = 1; at <= $#values; at++ )); do
        if [[ -n $shown[at] ]]; then
            shown[at]="${(mr:width:)values[at]}  -- $shown[at]"
        else
            shown[at]=$values[at]
        fi
    done
    compadd -l -V chatmgr -d shown -a values
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _chatmgr "$@"
else
    if (( ! $+functions[compdef] )); then
        autoload -Uz compinit
        compinit -i
    fi
    compdef _chatmgr chatmgr
fi
